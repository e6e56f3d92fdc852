"""The benchmark's quick replay, in seconds: its figures are coarse, its verdict is the same."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_tiers_keep_their_shares_under_an_overload_that_the_baselines_do_not_stand() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks", "fairness", "--json", "--quick"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    figures = json.loads(said.stdout)
    assert figures["share_error"] < 0.2 < figures["fcfs_share_error"]
    assert figures["strict_share_error"] > 0.5
    assert figures["starved_tenants"] == 0
    assert figures["low_tier_max_wait_ratio"] < 10 < figures["strict_low_tier_max_wait_ratio"]
    assert figures["reclaim_s"] <= 1
    assert figures["utilisation"] >= figures["fcfs_utilisation"] - 0.005
