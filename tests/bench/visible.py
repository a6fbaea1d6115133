"""unittest.main() that says on a line of its own what was skipped, and why: ctest shows no more than that."""

import unittest


class _Result(unittest.TextTestResult):
    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802: unittest's name
        super().addSkip(test, reason)
        self.stream.writeln(f"\nSKIPPED: {test.id().partition('.')[2]}: {reason}")


def main() -> None:
    unittest.main(testRunner=unittest.TextTestRunner(resultclass=_Result))
