#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The judge judged: reports made up for the purpose, and what suite.py says of them."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SUITE = pathlib.Path(__file__).resolve().parent / "suite.py"
EXPECTED = {
    role: json.loads((SUITE.parent / f"expected-{role}.json").read_text(encoding="utf-8"))["cases"]
    for role in ("server", "client")
}
PATTERNS = ["1.*", "7.*"]


def report():
    """What the suite writes when all is as it should be."""
    return {
        case: {
            "behavior": value["behavior"],
            "behaviorClose": value["behaviorClose"],
            "duration": 3,
            "remoteCloseCode": 1000,
            "reportfile": f"gibbon_case_{case.replace('.', '_')}.json",
        }
        for case, value in EXPECTED["server"].items()
        if case.split(".")[0] in ("1", "7")
    }


class JudgeTest(unittest.TestCase):
    def judge(self, index):
        with tempfile.TemporaryDirectory() as reports:
            if index is not None:
                (pathlib.Path(reports) / "index.json").write_text(json.dumps(index), encoding="utf-8")
            command = [sys.executable, SUITE, "judge", "--role", "server", "--reports", reports, *PATTERNS]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def assert_fails(self, cases, *words):
        status, out = self.judge({"gibbon": cases})
        self.assertEqual(1, status, out)
        self.assertTrue(out.endswith("52 passed, 1 failed\n") or len(cases) > 53, out)
        for word in words:
            self.assertIn(word, out)

    def test_passes_what_is_as_expected(self):
        status, out = self.judge({"gibbon": report()})
        self.assertEqual(0, status, out)
        self.assertTrue(out.endswith("53 passed, 0 failed\n"), out)

    def test_fails_anything_less_than_ok_in_either_verdict(self):
        for field in ("behavior", "behaviorClose"):
            for verdict in ("NON-STRICT", "FAILED", "UNCLEAN", "WRONG CODE", "FAILED BY CLIENT", "UNIMPLEMENTED",
                            "INFORMATIONAL"):
                with self.subTest(field=field, verdict=verdict):
                    cases = report()
                    cases["1.2.3"][field] = verdict
                    self.assert_fails(cases, "FAIL 1.2.3", verdict, "gibbon_case_1_2_3.html")

    def test_fails_an_informational_case_that_the_suite_began_to_judge(self):
        cases = report()
        cases["7.1.6"]["behavior"] = "OK"
        self.assert_fails(cases, "FAIL 7.1.6")

    def test_fails_a_case_that_did_not_run(self):
        cases = report()
        del cases["7.9.9"]
        self.assert_fails(cases, "1 cases did not run", "7.9.9")

    def test_fails_a_case_that_nobody_expected(self):
        cases = report()
        cases["7.99.1"] = cases["1.1.1"]
        self.assert_fails(cases, "FAIL 7.99.1", "53 passed, 1 failed")

    def test_fails_without_a_report_and_with_one_of_another_agent(self):
        self.assertEqual(1, self.judge(None)[0])
        self.assertEqual(1, self.judge({})[0])
        self.assertEqual(1, self.judge({"gibbon": report(), "other": {}})[0])


class ExpectedTest(unittest.TestCase):
    def test_all_is_ok_but_for_three_with_a_reason(self):
        for role, cases in EXPECTED.items():
            with self.subTest(role=role):
                other = {case for case, value in cases.items() if value != {"behavior": "OK", "behaviorClose": "OK"}}
                self.assertEqual({"7.1.6", "7.13.1", "7.13.2"}, other)
                for case in other:
                    self.assertEqual("INFORMATIONAL", cases[case]["behavior"])
                    self.assertEqual("INFORMATIONAL", cases[case]["behaviorClose"])
                    self.assertTrue(cases[case]["reason"])

    def test_both_roles_meet_the_same_cases(self):
        self.assertEqual(EXPECTED["server"].keys(), EXPECTED["client"].keys())
        self.assertEqual(301, sum(int(case.split(".")[0]) <= 10 for case in EXPECTED["server"]))


if __name__ == "__main__":
    unittest.main()
