"""Measures mpiferry with real jobs.

measuring    what all commands share: jobs, machine, files, command lines
sweep        chunk size x ranks x window, as JSON, CSV and a page (bench/sweep, mpiferry bench)
peers        beside other programs and the machine's limits (bench/compare)
regression   against an earlier version: green, red, or undecided (bench/regress)
transfer     single questions (bench/transfer)
"""
