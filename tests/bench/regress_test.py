#!/usr/bin/env python3
"""regress_test.py [unittest's arguments]: bench/regress without any MPI: its statistics, its rule, and
what it shows."""
import dataclasses
import itertools
import json
import random
import unittest
from unittest import mock

import tree  # noqa: F401: the path to bench/
from mpiferry_bench.regression import rendering, simulation
from mpiferry_bench.regression.options import arguments
from mpiferry_bench.regression.decision import LOOKS, Rule, look, share_of_look, verdict
from mpiferry_bench.regression.gate import Gate
from mpiferry_bench.regression.jobs import CASES, Case, parse_case
from mpiferry_bench.regression.planting import calibrate
from mpiferry_bench.regression.signed_rank import EXACT_UP_TO, estimate, holm, p_greater


class Statistics(unittest.TestCase):
    def test_p_has_the_exact_values_of_the_tables(self):
        self.assertEqual(p_greater([1, 2, 3, 4, 5]), 1 / 32)
        self.assertEqual(p_greater([-1, 2, 3, 4, 5]), 2 / 32)  # sums 14, 15
        self.assertEqual(p_greater([1, 2, -3, 4, 5]), 5 / 32)  # sums 12 to 15: 2+1, 3, .. of 32 subsets
        self.assertEqual(p_greater([-1, -2, -3]), 1.0)
        # Wilcoxon's critical value for n = 10, one-sided 0.025: T- = 8 has 25 of 1,024 subsets.
        self.assertEqual(p_greater([-8, 1, 2, 3, 4, 5, 6, 7, 9, 10]), 25 / 1024)

    def test_p_with_ties_and_zeros_is_that_of_all_signs_tried(self):
        for values in ([1, 1, -1, 2, 2, 3], [0, 1, -1, 2, -2, 2], [0.5, 0.5, 0.5, -0.5]):
            sizes = [abs(v) for v in values if v]
            rank = lambda size: sum(s < size for s in sizes) + (sum(s == size for s in sizes) + 1) / 2
            observed = sum(rank(abs(v)) for v in values if v > 0)
            sums = [sum(rank(size) for size, sign in zip(sizes, signs) if sign)
                    for signs in itertools.product((0, 1), repeat=len(sizes))]
            self.assertAlmostEqual(p_greater(values), sum(s >= observed for s in sums) / len(sums))

    def test_the_normal_approximation_goes_on_where_the_exact_values_end(self):
        numbers = random.Random(3)
        values = [numbers.gauss(0.3, 1) for _ in range(EXACT_UP_TO)]
        exact, exact_interval = p_greater(values), estimate(values, 0.01)
        with mock.patch("mpiferry_bench.regression.signed_rank.EXACT_UP_TO", 10):
            self.assertAlmostEqual(p_greater(values), exact, delta=2e-3)
            for near, true in zip(estimate(values, 0.01), exact_interval):
                self.assertAlmostEqual(near, true, delta=0.02)

    def test_the_interval_is_the_one_of_the_tables(self):
        # n = 10, 5 % on both sides: the 11th smallest and largest of the 55 means (P(T <= 10) = 0.0420).
        values = [float(v) for v in (3, 7, 11, 18, 24, 33, 41, 56, 62, 80)]
        means = sorted((a + b) / 2 for i, a in enumerate(values) for b in values[i:])
        self.assertEqual(estimate(values, 0.05), (means[27], means[10], means[44]))
        self.assertEqual(estimate([1.0, 2.0], 0.01)[1:], (float("-inf"), float("inf")))

    def test_the_interval_holds_the_truth_as_often_as_it_says(self):
        numbers, missed = random.Random(5), 0
        for _ in range(1000):
            _, low, high = estimate([numbers.gauss(1, 1) + numbers.choice((-9, 0, 0, 0, 9)) for _ in range(15)],
                                    0.025)
            missed += not low <= 1 <= high
        self.assertLess(missed, 70)  # 50 expected, 7 the standard deviation
        self.assertGreater(missed, 20)

    def test_holm_corrects_step_by_step(self):
        self.assertEqual([round(p, 6) for p in holm([0.01, 0.04, 0.03, 0.005])], [0.03, 0.06, 0.06, 0.02])
        self.assertEqual(holm([0.9, 0.8]), [1.0, 1.0])


class TheRule(unittest.TestCase):
    def test_all_looks_together_use_alpha_and_no_more(self):
        for looks in range(len(LOOKS)):
            spent = sum(share_of_look(k, False) for k in range(looks)) + share_of_look(looks, True)
            self.assertAlmostEqual(spent, 1.0)

    def test_the_first_look_can_be_sure(self):
        worst = [0.2 + 0.001 * k for k in range(LOOKS[0])]
        judged = {(case, "transfer"): worst if case == 0 else [0.0] * LOOKS[0] for case in range(8)}
        self.assertEqual(verdict(look(Rule(), judged, {}, share_of_look(0, False))), "red")

    def verdict_of(self, logs, rule=Rule()):
        findings = look(rule, {("case", "transfer"): logs}, {}, 1.0)
        return verdict(findings), findings[0].state

    def test_red_needs_both_sureness_and_size(self):
        steady = [0.001 * k for k in range(-6, 7)]
        self.assertEqual(self.verdict_of([0.08 + e for e in steady]), ("red", "slower"))
        self.assertEqual(self.verdict_of([0.03 + e for e in steady]), ("green", "slightly slower"))
        self.assertEqual(self.verdict_of(steady), ("green", "not slower"))
        self.assertEqual(self.verdict_of([-0.5 + e for e in steady]), ("green", "not slower"))
        self.assertEqual(self.verdict_of([0.08 + 50 * e for e in steady])[0], "undecided")

    def test_what_is_only_shown_is_not_judged(self):
        findings = look(Rule(), {("c", "transfer"): [0.0] * 12}, {("c", "cpu"): [0.5] * 12}, 1.0)
        self.assertEqual(findings[1].state, "slower")
        self.assertEqual(verdict(findings), "green")

    def test_false_alarms_are_as_rare_as_promised_on_all_machines(self):
        for name, machine in simulation.MACHINES.items():
            with self.subTest(machine=name):
                red = simulation.simulate(400, 0.0, machine, seed=11)["red"]
                self.assertLessEqual(red, 9)  # alpha promises 4; 10 or more come once in 120 times

    def test_alpha_holds_without_the_threshold_too(self):
        rule = Rule(alpha=0.1, threshold=0.0)
        red = simulation.simulate(300, 0.0, simulation.MACHINES["a neighbour that stays"], rule=rule, seed=12)["red"]
        self.assertLessEqual(red, 45)  # 30 promised at most, 5.2 the standard deviation

    def test_a_slowdown_of_15_percent_is_found_19_times_in_20(self):
        for name, machine in simulation.MACHINES.items():
            with self.subTest(machine=name):
                self.assertGreaterEqual(simulation.simulate(100, 0.15, machine, seed=13)["red"], 95)

    def test_a_machine_that_is_too_noisy_leaves_it_open(self):
        noisy = {"noise": 0.6, "tails": 2.0}
        played = simulation.simulate(40, 0.0, noisy, seed=14)
        self.assertEqual((played["green"], played["red"] <= 2), (0, True))


def fake_gate(slowdown=0.0, noise=0.01, seconds=1e9, pairs=40, fail_after=None):
    machine = simulation.Machine(random.Random(1), slowdown, noise=noise)
    count = itertools.count(1)

    def measure(program, case):
        if fail_after and next(count) > fail_after:
            raise KeyboardInterrupt
        return machine.measure(program, case)
    gate = Gate(Rule(), CASES, measure, seed=1, now=machine.now)
    try:
        return gate.run(seconds, pairs)
    except KeyboardInterrupt:
        return gate.stop_here()


RESULT = {"base": {"name": "abc Base"}, "head": {"name": "def Head"}, "notes": ["a note"], "seed": 1,
          "machine": ["machine: M"], "cases": []}


class TheGate(unittest.TestCase):
    def test_it_stops_as_soon_as_a_look_decides(self):
        self.assertEqual((len(fake_gate(0.5).pairs), fake_gate(0.5).verdict), (LOOKS[0] * 4, "red"))
        self.assertEqual((len(fake_gate().pairs), fake_gate().verdict), (LOOKS[0] * 4, "green"))

    def test_the_budget_ends_it_before_a_round_that_would_exceed_it(self):
        course = fake_gate(noise=0.5, seconds=101)  # a job takes 1 s, a round 8
        self.assertEqual((len(course.pairs), course.verdict, course.looks[-1]["last"]),
                         (12 * 4, "undecided", True))
        self.assertFalse(course.partial)

    def test_a_coin_orders_the_pairs_and_the_same_seed_the_same_ones(self):
        firsts = [pair.first for pair in fake_gate(noise=0.5).pairs]
        self.assertEqual(firsts, [pair.first for pair in fake_gate(noise=0.5).pairs])
        self.assertTrue(0.35 < firsts.count("base") / len(firsts) < 0.65)

    def test_an_interrupt_keeps_complete_pairs_and_decides_nothing(self):
        course = fake_gate(0.5, fail_after=45)
        self.assertEqual((len(course.pairs), course.partial, course.verdict), (22, True, "undecided"))
        text = rendering.markdown(RESULT, course, Rule())
        self.assertIn("PARTIAL", text)
        data = rendering.as_json(RESULT, course, Rule(), 130)
        self.assertEqual((data["partial"], data["exit_code"], len(data["pairs"])), (True, 130, 22))

    def test_the_markdown_says_which_case_how_much_and_how_sure(self):
        course = fake_gate(0.15, noise=0.02)
        text = rendering.markdown(RESULT, course, Rule())
        self.assertTrue(text.startswith("## Regression gate: RED\n"))
        row = next(line for line in text.splitlines() if line.startswith("| 64 KiB x 5 ranks, 64 MiB | transfer"))
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        self.assertRegex(cells[2], r"^\+1[345]\.\d %$")
        self.assertRegex(cells[3], r"^\+1\d\.\d % to \+1\d\.\d %$")
        self.assertEqual(cells[5:8:2], [str(LOOKS[0]), "**slower**"])
        self.assertRegex(cells[6], r"^\d+\.\d %$")  # no sign: nothing was found yet
        for said in ("abc Base", "def Head", "a note", "machine: M", "seed 1"):
            self.assertIn(said, text)

    def test_one_is_no_plural(self):
        course = fake_gate(0.5)
        text = rendering.markdown(RESULT, course, Rule())
        self.assertIn(f"{LOOKS[0] * 4} pairs in ", text)
        self.assertIn(" s, 1 look at the data;", text)
        self.assertIn("8 of 8 figures are slower than BASE", text)
        one = [finding for finding in course.findings if finding.judged][:1]
        course = dataclasses.replace(course, findings=one, looks=2 * course.looks, pairs=course.pairs[:1])
        text = rendering.markdown(RESULT, course, Rule())
        self.assertIn("1 pair in ", text)
        self.assertIn(" s, 2 looks at the data;", text)
        self.assertIn("1 of 1 figure is slower than BASE", text)

    def test_what_can_be_detected_does_not_read_as_what_was_found(self):
        text = rendering.markdown(RESULT, fake_gate(), Rule())
        self.assertIn("| detectable from |", text)
        self.assertNotIn("would find", text.lower())
        self.assertIn("Detectable from: 19 of 20 such runs would call a slowdown of this size slower", text)
        noisy = rendering.markdown(RESULT, fake_gate(noise=0.5, seconds=101), Rule())
        self.assertRegex(noisy, r"this run can detect slowdowns from \d+\.\d %\. Give it more")

    def test_the_json_is_plain_and_has_every_pair(self):
        data = rendering.as_json(RESULT, fake_gate(pairs=2), Rule(), 3)
        json.loads(json.dumps(data, allow_nan=False))  # too few pairs for an interval: null, not Infinity
        self.assertEqual((data["schema"], data["verdict"], len(data["pairs"])), (rendering.SCHEMA, "undecided", 8))
        self.assertIsNone(data["findings"][0]["high"])
        self.assertEqual(set(data["pairs"][0]), {"case", "first", "base", "head"})

    def test_calibration_comes_to_the_wanted_slowdown(self):
        case, now = Case(1 << 16, 3, 64 << 20), {}

        def pairs(amounts):  # only half of what is burnt delays the transfer
            slowdown = 0.5 * amounts[case] * 1024 / 0.05e9
            machine = simulation.Machine(random.Random(len(now)), slowdown, noise=0.02)
            now[len(now)] = slowdown
            return Gate(Rule(), [case], machine.measure, seed=2).measure_only(10)
        amount = calibrate([case], 0.15, pairs, lambda _: None)[case]
        self.assertAlmostEqual(0.5 * amount * 1024 / 0.1e9, 0.15 / 2, delta=0.02)


class Cases(unittest.TestCase):
    def test_a_case_is_chunk_ranks_and_size(self):
        self.assertEqual(parse_case("64K:3:128M"), Case(1 << 16, 3, 128 << 20))
        self.assertEqual(str(parse_case("64K:3:128M")), "64 KiB x 3 ranks, 128 MiB")

    def test_cases_are_repeated_or_have_commas_between(self):
        three = [Case(1 << 16, 3, 64 << 20), Case(1 << 20, 3, 64 << 20), Case(1 << 10, 3, 8 << 20)]
        args = arguments(["--case", "64K:3:64M,1M:3:64M", "--case", "1K:3:8M", "main"])
        self.assertEqual((args.cases, args.base), (three, "main"))


if __name__ == "__main__":
    unittest.main()
