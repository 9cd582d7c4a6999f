"""The main job on real data, in a new folder: every step prints the command that a person would type.

python examples/demo.py [FOLDER]
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
RUNS = [("forest", 5), ("forest", 20), ("forest", 80), ("forest", 200),
        ("logistic", 1), ("logistic", 10), ("logistic", 100), ("logistic", 1000),
        ("neighbours", 1), ("neighbours", 5), ("neighbours", 15), ("neighbours", 45)]  # fmt: skip
WRITE_DATA = (
    "from sklearn.datasets import load_wine; "
    "load_wine(as_frame=True).frame.rename(columns={'target': 'grower'}).to_csv('data/wine.csv', index=False)"
)
# Written by the demo, and no file of its own here: gitml's repository would read it as a pipeline of gitml's.
DVC_YAML = """\
stages:
  prepare:
    cmd: python stages/prepare.py
    deps: [stages/prepare.py, data/wine.csv]
    params: [prepare]
    outs: [data/train.csv, data/test.csv]
  train:
    cmd: python stages/fit.py
    deps: [stages/fit.py, data/train.csv]
    params: [train]
    outs: [models/grower.pkl]
  evaluate:
    cmd: python stages/evaluate.py
    deps: [stages/evaluate.py, data/test.csv, models/grower.pkl]
    metrics: [{metrics.json: {cache: false}}]
"""
PARAMS_YAML = "prepare:\n  seed: 7\n  wines: 178\ntrain:\n  C: 0.1\n"
BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


class Demo:
    """A shell session that can be read: each command is printed, run in the folder, and its answer shown."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self.env = {**kept, "PATH": f"{BIN}{os.pathsep}{kept.get('PATH', '')}", "DVC_NO_ANALYTICS": "1"}

    def say(self, text: str) -> None:
        """A line that tells what comes."""
        print(f"\n{BOLD}# {text}{PLAIN}", flush=True)

    def type(self, line: str, *, shown: bool = True, fails: bool = False) -> str:
        """Run a command line in the folder; what it printed. Stops the demo where it ends otherwise than it should."""
        print(f"{DIM}${PLAIN} {line}", flush=True)
        done = subprocess.run(
            shlex.split(line), cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        told = (done.stdout + done.stderr).strip("\n")
        if shown and told:
            print(told, flush=True)
        if bool(done.returncode) != fails:
            sys.exit(f"the demo expected this to {'fail' if fails else 'succeed'}: {line}\n{told}")
        return done.stdout.strip()

    def git(self, line: str) -> None:
        """A git command whose answer is not worth reading here."""
        self.type(f"git {line}", shown=False)


def prepare(demo: Demo) -> None:
    """A repository, a store in it, and the data."""
    demo.say("a new repository: git, dvc, gitml, with our hooks")
    demo.git("init -b main")
    for key, value in (("user.name", "Mona"), ("user.email", "mona@example.org")):
        subprocess.run(["git", "config", key, value], cwd=demo.folder, env=demo.env, check=True)
    demo.type("dvc init --quiet", shown=False)
    demo.type("git ml init --hooks")
    (demo.folder / "data").mkdir()
    shutil.copy(HERE / "train.py", demo.folder / "train.py")
    (demo.folder / ".gitignore").write_text("/artifacts/\n")
    demo.git("add --all")
    demo.git("commit --quiet -m 'a store'")

    demo.say("the data: 178 wines of three growers, tracked by DVC, recorded as dataset/wine@1")
    demo.type(f'python -c "{WRITE_DATA}"')
    demo.type("dvc add --quiet data/wine.csv", shown=False)
    demo.type(
        "git ml new dataset wine --from data/wine.csv "
        "'description=Chemical analysis of 178 wines from three growers.' license=CC-BY-4.0"
    )
    demo.git("add --all")
    demo.git("commit --quiet -m 'dataset/wine@1'")


def train(demo: Demo) -> str:
    """A dozen runs; the ref of the best."""
    demo.say("a dozen trainings of three algorithms: each records itself")
    for algorithm, size in RUNS:
        demo.type(f"python train.py {algorithm} {size}")
    demo.git("add --all")
    demo.git("commit --quiet -m 'a dozen runs'")
    demo.say("which is best?")
    columns = "params.algorithm,params.size,metrics.train.accuracy,metrics.test.accuracy,metrics.test.log_loss"
    demo.type(f"git ml list run --columns {columns} --sort -metrics.test.accuracy,metrics.test.log_loss")
    best = demo.type(
        "git ml list run 'metrics.test.accuracy > 0.9' --columns metrics.test.accuracy "
        "--sort -metrics.test.accuracy,metrics.test.log_loss --limit 1 --format json"
    )
    return str(json.loads(best)["rows"][0]["ref"])


def main() -> None:
    """Run the demo in the folder given, or in a new one."""
    started = time.monotonic()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="gitml-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    demo = Demo(folder)
    prepare(demo)
    best = train(demo)
    ship(demo, best)
    refuse(demo)
    look_back(demo)
    review(demo)
    take_back(demo)
    merge(demo)
    reproduce(demo)
    trace(demo)
    move_on(demo)
    print(f"\n{BOLD}done in {time.monotonic() - started:.0f} s{PLAIN}; the repository is {folder}")


def ship(demo: Demo, best: str) -> None:
    """The best run becomes model/wine@1, and production."""
    demo.say("the best becomes model/wine@1, its weights tracked by DVC, and goes to production")
    (demo.folder / "models").mkdir()
    demo.type(f"cp artifacts/{best.rpartition('/')[2]}.pkl models/wine.pkl")
    demo.type(f"git ml register wine --run {best} --path models/wine.pkl")
    demo.type("git ml promote model/wine@1 production --reason 'best accuracy on the test split'")
    demo.git("add --all")
    demo.git("commit --quiet -m 'model/wine@1 in production'")
    demo.type("git ml validate")
    demo.type("git ml list")
    demo.type("git ml show model/wine@1")

    demo.say("the best and the worst, side by side")
    demo.type(f"git ml compare {best} {worst(demo)}")


def worst(demo: Demo) -> str:
    """The ref of the worst run."""
    line = "git ml list run --sort metrics.test.accuracy --columns metrics.test.accuracy --limit 1 --format csv"
    return demo.type(line, shown=False).splitlines()[1].partition(",")[0]


def refuse(demo: Demo) -> None:
    """A bad record does not get past the hook."""
    demo.say("somebody writes a decimal comma by hand: the hook refuses the commit, and says why")
    bad = demo.folder / "metadata" / "metrics" / "accuracy.yaml"
    bad.parent.mkdir(exist_ok=True)
    bad.write_text("schema: metric/1\ndirection: higher\ntolerance:\n  absolute: 0,005\n")
    demo.type("cat metadata/metrics/accuracy.yaml")
    demo.git("add --all")
    demo.type("git commit --quiet -m 'a tolerance for accuracy'", fails=True)
    demo.type("git ml set metric/accuracy tolerance.absolute=0.005")
    demo.git("add --all")
    demo.git("commit --quiet -m 'a tolerance for accuracy'")


def look_back(demo: Demo) -> None:
    """The store as of an earlier commit."""
    demo.say("the store as it was before anything was registered")
    demo.type("git ml list --at HEAD~2")
    demo.type("git ml show model/wine@1 --at HEAD~2", fails=True)
    demo.type("git log --oneline")


def review(demo: Demo) -> None:
    """A pull request that promotes a worse model, as its reviewers see it."""
    demo.say("somebody promotes another model. What the pull request's comment says, and what stops it")
    demo.git("switch --quiet --create retrain")
    bad = worst(demo)
    demo.type(f"cp artifacts/{bad.rpartition('/')[2]}.pkl models/wine.pkl")
    demo.type("dvc add --quiet models/wine.pkl", shown=False)
    demo.type(f"git ml register wine --run {bad} --path models/wine.pkl", shown=False)
    demo.type("git ml promote model/wine@2 production --reason 'newer must be better'")
    demo.git("add --all")
    demo.git("commit --quiet -m 'model/wine@2 in production'")
    demo.type("git ml diff main HEAD --format md")
    demo.type("git ml validate --range main..HEAD", fails=True)


def take_back(demo: Demo) -> None:
    """It is merged all the same, and taken back with its data."""
    demo.say("it is merged all the same. Who did that? And back, with the bytes of the model")
    demo.git("switch --quiet main")
    demo.git("merge --quiet --no-ff -m 'Merge pull request #7 from mona/retrain' retrain")
    demo.type("git ml log alias/model/wine/production")
    demo.type("git ml revert alias/model/wine/production --to HEAD~1 --data --commit")
    demo.type("git log -1 --format=%B")
    demo.type("git ml live")


def merge(demo: Demo) -> None:
    """Two branches that git alone cannot merge."""
    demo.say("two people describe the same data, in lines side by side: git alone cannot merge that, its records can")
    demo.git("switch --quiet --create owners")
    demo.type("git ml set dataset/wine 'owners=[\"@cellar-data\"]' --commit -m 'who owns the wines'")
    demo.git("switch --quiet main")
    demo.type("git ml set dataset/wine 'description=178 wines, thirteen figures each.' --commit -m 'what they are'")
    demo.type("git ml validate --merge main owners", fails=True)
    demo.type("git merge --quiet --no-edit owners", shown=False)
    demo.type("cat metadata/datasets/wine.yaml")


def reproduce(demo: Demo) -> None:
    """A DVC pipeline, of which gitml is told nothing."""
    demo.say("the same as a DVC pipeline, without a line of gitml in it: its stages, runs and outputs are records, too")
    shutil.copytree(HERE / "stages", demo.folder / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    (demo.folder / "dvc.yaml").write_text(DVC_YAML)
    (demo.folder / "params.yaml").write_text(PARAMS_YAML)
    demo.type("cat dvc.yaml params.yaml")
    demo.type("dvc repro --quiet")
    demo.git("add --all")
    demo.git("commit --quiet -m 'a pipeline'")
    demo.type("git ml list")
    demo.type("git ml list dvc-stage --columns state,command,run")
    demo.type("""git ml list run "origin = 'dvc'" --columns params,metrics""")


def trace(demo: Demo) -> None:
    """The file that the pipeline made goes to production, and is followed back to the raw file."""
    demo.say("the model that it made goes to production. Where does it come from?")
    demo.type("git ml register wine --path models/grower.pkl")
    demo.type("git ml promote model/wine@3 production --reason 'dvc repro makes it again'")
    demo.git("add --all")
    demo.git("commit --quiet -m 'model/wine@3 in production'")
    demo.type("git ml lineage model/wine@3 --up --code")
    demo.type("git ml lineage model/wine@3 --stale")


def move_on(demo: Demo) -> None:
    """One upstream change, and the model is made of what is no longer there."""
    demo.say("somebody keeps fewer wines and reproduces prepare alone: what production was trained on is stale")
    (demo.folder / "params.yaml").write_text(PARAMS_YAML.replace("178", "150"))
    demo.type("git diff --unified=0 params.yaml")
    demo.type("dvc repro --quiet prepare")
    demo.type("git ml lineage model/wine@3 --stale")
    demo.type("git ml lineage model/wine@3 --to dvc-output/data%2Fwine.csv")
    demo.type("git ml why HEAD:dvc-stage/prepare dvc-stage/prepare")


if __name__ == "__main__":
    main()
