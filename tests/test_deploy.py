"""The files of deploy/: units, a cron line, a workflow and a container file that could run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
ZIZMOR = Path(sys.executable).with_name("zizmor")
COMMANDS = {path.stem for path in (ROOT / "crawler" / "commands").glob("[a-z]*.py")}


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def shell(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script as `bash -e`, which is how a step of a workflow runs."""
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(path: Path, script: str) -> None:
    """An executable in the place of one that the script calls."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_called_exists(path: Path) -> None:
    told = path.read_text(encoding="utf-8")
    assert set(re.findall(r"scrapy ([a-z]+)", told)) <= COMMANDS
    settings = (ROOT / "crawler" / "settings.py").read_text(encoding="utf-8")
    known = set(re.findall(r"NIANBAO_([A-Z_]+)", settings))
    assert set(re.findall(r"NIANBAO_([A-Z_]+)", told)) <= known
    spiders = {spider.stem for spider in (ROOT / "crawler" / "spiders").glob("*.py")}
    assert set(re.findall(r"scrapy crawl ([a-z]+)", told)) <= spiders


def test_every_file_is_explained() -> None:
    for path in FILES:
        if path.name not in ("README.md", "Containerfile.dockerignore"):
            assert f"`{path.name}`" in README, path.name
    sections = README.split("\n## ")[1:]
    assert len(sections) == 4
    for section in sections:
        for word in ("Lock:", "Exit code:", "Log:"):
            assert word in section, (section[:30], word)
    assert "(deploy/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


# systemd


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """As they stand, but for the folder of the project, which they call by its place on a server."""
    program(tmp_path / "nianbao" / ".venv" / "bin" / "scrapy", "true")
    for name in ("nianbao.service", "nianbao.timer"):
        (tmp_path / name).write_text(text(name).replace("/srv/nianbao", str(tmp_path / "nianbao")))
    units = [str(tmp_path / "nianbao.service"), str(tmp_path / "nianbao.timer")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if "nianbao" in line]
    assert (done.returncode, told) == (0, [])
    # It does say what is wrong.
    (tmp_path / "nianbao.service").write_text("[Service]\nType=sometimes\nExecStart=nowhere\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", units[0]], capture_output=True, text=True, check=False
    )
    assert "nianbao.service" in done.stderr
    for calendar in re.findall(r"^OnCalendar=(.+)$", text("nianbao.timer"), re.MULTILINE):
        done = subprocess.run(
            ["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_service_tells_a_held_database_from_a_failure() -> None:
    lines = text("nianbao.service").splitlines()
    assert "Type=oneshot" in lines
    assert "SuccessExitStatus=75" in lines
    assert "ExecStart=/srv/nianbao/.venv/bin/scrapy crawl heilongjiang" in lines


# cron


def cron_lines() -> list[list[str]]:
    """Five times, the user and the command of each line."""
    lines = [line for line in text("nianbao.cron").splitlines() if re.match(r"[\d*]", line)]
    return [line.split(maxsplit=6) for line in lines]


def test_the_cron_lines_are_lines_of_cron() -> None:
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    assert len(cron_lines()) == 2
    for *times, user, command in cron_lines():
        for time, (least, most) in zip(times, limits, strict=True):
            numbers = [int(number) for number in re.findall(r"\d+", time)]
            assert re.fullmatch(r"\*|\d+(-\d+)?", time), time
            assert all(least <= number <= most for number in numbers), time
        assert user == "nianbao"
        # Cron makes a new line of it.
        assert "%" not in command
    months = [line[3] for line in cron_lines()]
    assert months == ["1-4", "5-12"]


@pytest.mark.parametrize(("code", "mailed"), [(0, False), (75, False), (1, True), (2, True)])
def test_a_cron_line_mails_what_a_person_must_know(tmp_path: Path, code: int, mailed: bool) -> None:
    program(tmp_path / ".venv" / "bin" / "scrapy", f"echo 'the last words' >&2; exit {code}")
    for *_, command in cron_lines():
        here = command.replace("/srv/nianbao", str(tmp_path))
        done = shell(here, tmp_path, LOG=str(tmp_path / "crawl.log"))
        assert done.returncode == 0
        assert ("the last words" in done.stdout) == mailed
        assert "the last words" in (tmp_path / "crawl.log").read_text()


# The workflow


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text("github-actions.yml"))
    return found


def step(workflow: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [step for step in workflow["jobs"]["crawl"]["steps"] if step.get("name") == name]
    return dict(found)


def test_the_workflow_says_when_where_and_with_which_rights(workflow: dict[str, Any]) -> None:
    assert set(workflow) == {"name", True, "concurrency", "permissions", "jobs"}  # YAML reads `on` as true
    assert {line["cron"] for line in workflow[True]["schedule"]} == {"30 17 * 1-4 *", "30 17 * 5-12 6"}
    assert workflow["permissions"] == {}
    assert workflow["concurrency"] == {"group": "nianbao", "cancel-in-progress": False}
    job = workflow["jobs"]["crawl"]
    assert set(job) == {"runs-on", "timeout-minutes", "permissions", "env", "steps"}
    assert job["permissions"] == {"contents": "write"}
    for used in [step["uses"] for step in job["steps"] if "uses" in step]:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", used), used
    for each in job["steps"]:
        assert set(each) <= {"name", "id", "if", "uses", "with", "run", "env"}, each
        assert ("uses" in each) != ("run" in each)
        if "run" in each:
            # What a person gives goes in as a variable, never as part of the script.
            assert "${{" not in each["run"]
            done = subprocess.run(
                ["bash", "-n", "-c", each["run"]], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")
    # The crawl is told to stop well before the job is.
    minutes = re.search(r"--signal=INT (\d+)m", step(workflow, "Crawl")["run"])
    assert minutes
    assert int(minutes[1]) + 30 <= job["timeout-minutes"]


@pytest.mark.parametrize(("code", "published"), [(0, True), (1, True), (2, False), (75, False), (137, False)])
def test_the_workflow_publishes_what_is_whole(
    workflow: dict[str, Any], tmp_path: Path, code: int, published: bool
) -> None:
    program(tmp_path / ".venv" / "bin" / "scrapy", f"echo \"$*\"; echo 'the last words' >&2; exit {code}")
    done = shell(
        step(workflow, "Crawl")["run"],
        tmp_path,
        ARGUMENTS="-a limit=5",
        GITHUB_OUTPUT=str(tmp_path / "output"),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )
    assert (done.returncode == 0) == published
    assert (tmp_path / "output").read_text() == f"code={code}\n"
    assert "the last words" in (tmp_path / "summary").read_text()
    assert "crawl heilongjiang -a limit=5" in (tmp_path / "crawl.log").read_text()
    ended = shell(step(workflow, "Say how it ended")["run"], tmp_path, CODE=str(code))
    assert (ended.returncode == 0) == (code == 0)


GH = r"""
case "$1 $2" in
"api --paginate") [ -n "$FAILS" ] && exit 1; ls "$RELEASES" ;;
"release download") cp "$RELEASES/$3"/* "$5"/ ;;
"release create") mkdir "$RELEASES/$3"; for file in "$4" "$5" "$6"; do cp "$file" "$RELEASES/$3"/; done ;;
"release delete") rm -r "$RELEASES/$3" ;;
esac
"""


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed here, as it is on runners")
def test_a_release_is_what_the_next_run_begins_with(workflow: dict[str, Any], tmp_path: Path) -> None:
    """Releases are folders here, handed out by a program in the place of `gh`."""
    program(tmp_path / "bin" / "gh", GH)
    releases = tmp_path / "releases"
    releases.mkdir()
    (releases / "v1.0").mkdir()
    given = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "RELEASES": str(releases)}
    take, publish = step(workflow, "Take up the last release")["run"], step(workflow, "Publish")["run"]
    for number in range(8, 15):
        work = tmp_path / f"run{number}"
        work.mkdir()
        done = shell(take, work, GITHUB_REPOSITORY="a/b", **given)
        assert done.returncode == 0, done.stderr
        before = [(work / "data" / f"{name}.db") for name in ("nianbao", "archive")]
        if number == 8:
            assert "first run" in done.stdout
            assert not before[0].exists()
        else:
            assert [path.read_text() for path in before] == [
                f"nianbao of {number - 1}",
                f"archive of {number - 1}",
            ]
        for path in before:
            path.write_text(f"{path.stem} of {number}")
        done = shell(publish, work, CODE="0", GITHUB_RUN_ID=str(number), GITHUB_RUN_ATTEMPT="1", **given)
        assert done.returncode == 0, done.stderr
    kept = sorted(path.name for path in releases.iterdir())
    assert kept == ["data-10-1", "data-11-1", "data-12-1", "data-13-1", "data-14-1", "v1.0"]
    # A release that did not come whole, or a list that did not come, is no first run.
    (releases / "data-14-1" / "archive.db.zst.part-aa").write_bytes(b"cut")
    for fails in ("", "yes"):
        work = tmp_path / f"broken{fails}"
        work.mkdir()
        assert shell(take, work, GITHUB_REPOSITORY="a/b", FAILS=fails, **given).returncode != 0
        assert not (work / "data" / "archive.db").exists()


@pytest.mark.skipif(not ZIZMOR.exists(), reason="the linter zizmor is not installed")
def test_a_linter_finds_nothing_in_the_workflow(tmp_path: Path) -> None:
    config = tmp_path / "zizmor.yml"
    config.write_text('rules: {unpinned-uses: {config: {policies: {"actions/*": ref-pin}}}}\n')
    done = subprocess.run(
        [
            str(ZIZMOR),
            "--offline",
            "--no-progress",
            "--config",
            str(config),
            str(DEPLOY / "github-actions.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


# The container


def test_the_container_file_copies_what_there_is() -> None:
    lines = [line for line in text("Containerfile").splitlines() if line and not line.startswith("#")]
    words = {line.split()[0] for line in lines}
    assert words <= {
        "FROM",
        "RUN",
        "WORKDIR",
        "COPY",
        "USER",
        "VOLUME",
        "ENV",
        "STOPSIGNAL",
        "ENTRYPOINT",
        "CMD",
    }
    assert re.fullmatch(r"FROM docker\.io/library/python:3\.\d+\.\d+-slim-\w+", lines[0])
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    ignored = text("Containerfile.dockerignore").split()
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name
    # The rooms of the project, and nothing that only tests need.
    assert {"crawler", "pipelines", "storage"} <= set(copied)
    assert 'CMD ["crawl", "heilongjiang"]' in lines
