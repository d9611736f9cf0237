#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a spec for wstest, and judges the report it leaves behind.

    suite.py spec --role server --url URL --reports DIR PATTERN...      prints the spec as JSON
    suite.py judge --role server --reports DIR PATTERN...   exits 1 on any deviation

What is expected stands in expected-<role>.json beside this file, case by case. A case passes when its behavior *and*
its behaviorClose are the expected ones, so NON-STRICT, UNCLEAN, WRONG CODE, UNIMPLEMENTED and the like all fail, and so
do a case that did not run and one that nobody expected.
"""

import argparse
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
AGENT = "gibbon"
SLOWEST = 5


def matcher(patterns):
    """The suite's own reading of patterns: `*` stands for anything, a pattern without one is a case id."""
    expressions = [
        re.compile(re.escape(p).replace(r"\*", ".*") + ("" if "*" in p else "$")) for p in patterns
    ]
    return lambda case: any(e.match(case) for e in expressions)


def by_number(case):
    return [int(part) for part in case.split(".")]


def expected_cases(role, patterns):
    path = HERE / f"expected-{role}.json"
    expected = json.loads(path.read_text(encoding="utf-8"))["cases"]
    for pattern in patterns:
        if not any(map(matcher([pattern]), expected)):
            sys.exit(f"{pattern}: no case of {path.name} matches")
    wanted = matcher(patterns)
    return {case: value for case, value in expected.items() if wanted(case)}


def spec(args):
    expected_cases(args.role, args.patterns)
    out = {"outdir": args.reports, "cases": args.patterns, "exclude-cases": [], "exclude-agent-cases": {}}
    if args.role == "server":
        out["servers"] = [{"agent": AGENT, "url": args.url}]
    else:
        out["url"] = args.url
    print(json.dumps(out, indent=2))


def description(reports, entry):
    """The suite's words on a case, from its own report; empty where it wrote none."""
    try:
        report = json.loads((reports / entry["reportfile"]).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError):
        return ""
    words = " ".join(re.sub(r"<[^>]*>", " ", report.get("description", "")).split())
    results = f"{report.get('result', '')} / {report.get('resultClose', '')}"
    return f"{words}\n      {results}" if words else results


def deviations(expected, found, reports):
    """Case id and text for every case that is not as expected; no text for one that did not run."""
    for case in sorted(expected.keys() | found.keys(), key=by_number):
        if case not in found:
            yield case, None
            continue
        entry = found[case]
        got = (entry["behavior"], entry["behaviorClose"])
        page = reports / entry["reportfile"].replace(".json", ".html")
        if case not in expected:
            yield case, f"{case}: ran, but is not in the expected file ({got[0]}, close {got[1]})\n      {page}"
        elif got != (expected[case]["behavior"], expected[case]["behaviorClose"]):
            want = expected[case]
            yield case, (
                f"{case}: {got[0]}, close {got[1]}, remote code {entry.get('remoteCloseCode')};"
                f" expected {want['behavior']}, close {want['behaviorClose']}\n"
                f"      {description(reports, entry)}\n"
                f"      {page}"
            )


def table(expected, found, failed):
    sections = {}
    for case in expected.keys() | found.keys():
        sections.setdefault(int(case.split(".")[0]), []).append(case)
    print(f"{'section':>7} {'cases':>6} {'passed':>7} {'failed':>7} {'informational':>14} {'seconds':>8}")
    for number, cases in sorted(sections.items()):
        bad = sum(case in failed for case in cases)
        informational = sum(expected.get(case, {}).get("behavior") == "INFORMATIONAL" for case in cases)
        seconds = sum(found[case]["duration"] for case in cases if case in found) / 1000
        print(f"{number:>7} {len(cases):>6} {len(cases) - bad:>7} {bad:>7} {informational:>14} {seconds:>8.1f}")
    slowest = sorted(found, key=lambda case: -found[case]["duration"])[:SLOWEST]
    print("slowest: " + ", ".join(f"{case} {found[case]['duration']} ms" for case in slowest))


def judge(args):
    reports = pathlib.Path(args.reports)
    expected = expected_cases(args.role, args.patterns)
    try:
        index = json.loads((reports / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        sys.exit(f"no report to judge: {e}")
    unknown = sorted(set(index) - {AGENT})
    if unknown:
        sys.exit(f"{reports / 'index.json'}: agents nobody asked for: {', '.join(map(repr, unknown))}")
    found = index.get(AGENT, {})
    failed = dict(deviations(expected, found, reports))
    for text in filter(None, failed.values()):
        print(f"FAIL {text}")
    missing = [case for case, text in failed.items() if text is None]
    if missing:
        print(f"FAIL {len(missing)} cases did not run (wstest.log says how far it came): {', '.join(missing)}")
    table(expected, found, failed)
    print(f"{len(expected.keys() | found.keys()) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, run in (("spec", spec), ("judge", judge)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--role", choices=("server", "client"), required=True)
        command.add_argument("--reports", required=True, help="directory of the suite's reports")
        if name == "spec":
            command.add_argument("--url", required=True, help="server under test, or where the suite listens")
        command.add_argument("patterns", nargs="+", metavar="PATTERN", help="cases, as 6.* or 7.1.6")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
