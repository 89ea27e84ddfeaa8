"""dvc.yaml says what the code does: code, parameters and paths of every stage, in every profile."""

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

import pytest
from pydantic import AfterValidator
from ruamel.yaml import YAML

from pipeline_steps.harness.step import option_of, paths_of
from pipeline_steps.harness.templates import code_of, filled, names_of
from tests.contract.closure import Reached, reached
from tests.contract.conftest import PLUG_INS, ROOT, Stage
from twinband.core.params import ItemParams, StageParams
from twinband.params import STAGES

CODE = ("src/", "pipeline_steps/")
# An item names a plug-in by its file or, if it is one, by its folder.
PLUG_IN_FOLDERS = tuple(f"src/twinband/{name}" for name in PLUG_INS)
TEXT = (ROOT / "dvc.yaml").read_text()
GRAPH: dict[str, Any] = YAML(typ="safe").load(TEXT)["stages"]


def step_of(stage: Stage) -> Any:
    return importlib.import_module(f"pipeline_steps.{stage.step}")


def model_of(stage: Stage) -> type[StageParams]:
    model: type[StageParams] = get_type_hints(step_of(stage).run)["params"]
    return model


def code_deps(stage: Stage) -> set[str]:
    return {dep for dep in stage.deps if dep.startswith(CODE)}


def is_plug_in(path: str) -> bool:
    return Path(path).parent.as_posix() in PLUG_IN_FOLDERS


def modules_of(stage: Stage) -> Iterator[str]:
    """The step, and the plug-ins that its item names."""
    yield f"pipeline_steps.{stage.step}"
    for folder in code_deps(stage) & set(PLUG_IN_FOLDERS):
        package = folder.removeprefix("src/").replace("/", ".")
        yield from (f"{package}.{file.stem}" for file in (ROOT / folder).glob("*.py"))
    for dep in filter(is_plug_in, code_deps(stage)):
        name = dep.removeprefix("src/").removesuffix(".py").replace("/", ".")
        files = [ROOT / dep] if dep.endswith(".py") else (ROOT / dep).glob("*.py")
        yield from (name if dep.endswith(".py") else f"{name}.{file.stem}" for file in files)


def code_reached(stage: Stage) -> Reached:
    return _reached(frozenset(modules_of(stage)))


@cache
def _reached(modules: frozenset[str]) -> Reached:
    return reached(ROOT, modules)


def test_every_file_that_a_stage_reaches_lies_under_its_dependencies(stages: list[Stage]) -> None:
    for stage in stages:
        deps, code = code_deps(stage), code_reached(stage)
        missing = {file for file in code.files if not _under(file, deps)}
        assert not missing, f"{stage.name}: dvc.yaml lacks deps for {sorted(missing)}"
        named = {Path(dep).parent.as_posix() for dep in deps} | deps
        unnamed = set(code.plug_ins) - named
        assert not unnamed, f"{stage.name}: opens plug-ins of {unnamed}, and no dep names one"


def test_every_dependency_on_code_is_reached_by_some_item(stages: list[Stage]) -> None:
    for step in {stage.step for stage in stages}:
        items = [stage for stage in stages if stage.step == step]
        files = {file for stage in items for file in code_reached(stage).files}
        for folder in {Path(dep).parent for dep in code_deps(items[0]) if is_plug_in(dep)}:
            modules = [
                f"twinband.{folder.name}.{path.stem}" for path in ROOT.glob(f"{folder}/*.py")
            ]
            files |= set(_reached(frozenset(modules)).files)  # no profile names every plug-in
        for dep in set.intersection(*map(code_deps, items)):
            assert any(_under(file, {dep}) for file in files), f"{step}: nothing reads {dep}"


def test_no_stage_depends_on_a_folder_of_plug_ins_or_on_a_facade(stages: list[Stage]) -> None:
    facades = {"src/twinband/models", "src/twinband/__init__.py", "src/twinband", "src"}
    for stage in stages:
        folders = {*PLUG_IN_FOLDERS, *facades}
        if stage.step == "evaluate_fusion":  # one table of all methods: that is its purpose
            folders -= {"src/twinband/fusion_methods"}
        assert not code_deps(stage) & folders, stage.name


def test_new_labels_train_only_those_models_anew_that_learn_them(stages: list[Stage]) -> None:
    def needs(stage: Stage) -> set[str]:
        made = {dep for dep in stage.deps if not dep.startswith(CODE)}
        before = [s for s in stages if s.outs & made or any(_under(o, made) for o in s.outs)]
        return {s.name.partition("@")[0] for s in before}.union(*map(needs, before))

    learners = [stage for stage in stages if stage.step == "pretrain"]
    assert {stage.item for stage in learners} == {"mspecgene", "multimae"}
    for stage in learners:
        labelled = "data/label_pool" in stage.deps
        assert labelled == ({"label_pool", "pseudo_labels"} <= needs(stage)), stage.name
        assert not (labelled and stage.item == "mspecgene")


def test_trainings_depend_on_nothing_that_grows(stages: list[Stage]) -> None:
    """A training may take days: a new benchmark, metric, head or report must not repeat it."""
    grows = {f"src/twinband/{name}" for name in ("evaluation", "metrics", "report", "commands")}
    for stage in stages:
        if stage.step in ("mae", "pretrain", "distill_fusion", "train_fusion"):
            assert not code_deps(stage) & grows, stage.name


def test_the_harness_reads_the_same_code_from_dvc_yaml(
    stages: list[Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    for stage in stages:
        code = code_of(stage.step, stage.item, stage.params_file)
        assert {path.as_posix() for path in code} == code_deps(stage), stage.name


def test_parameters_are_those_that_the_step_reads(stages: list[Stage]) -> None:
    for stage in stages:
        model, section = model_of(stage), stage.params_file.get(stage.step, {})
        if not issubclass(model, ItemParams):
            own = {stage.step} if set(model.model_fields) - set(model.derived) else set()
            assert stage.params == own | set(model.derived.values()), stage.name
            continue
        assert stage.item is not None
        tracked = {f"{stage.step}.items.{stage.item}"}
        place = model.shared(section["items"][stage.item])
        if "common" in section:
            tracked.add(".".join([stage.step, "common", *place]))
        assert stage.params == tracked, stage.name


def test_keys_that_paths_are_made_of_stand_flat_on_every_item(stages: list[Stage]) -> None:
    for step, description in GRAPH.items():
        keys = set(re.findall(r"\$\{item\.([^}]+)\}", str(description)))
        assert not [key for key in keys if "." in key], f"{step}: {keys} are not all flat"
        for stage in stages:
            if keys and stage.step == step:
                section = stage.params_file[step]
                own, common = section["items"][stage.item], section.get("common", {})
                assert keys <= own.keys(), f"{stage.name} lacks {keys - own.keys()}"
                assert not keys & common.keys(), f"{step}.common has {keys & common.keys()}"


def test_no_value_of_params_yaml_stands_in_a_command() -> None:
    """DVC hands commands to a shell; steps fill in the templates themselves."""
    for step, description in GRAPH.items():
        command = description.get("do", description)["cmd"]
        assert not re.search(r"(?<!\\)\$\{", command), f"{step}: DVC would fill in a template"
        assert "${" not in re.sub(r"'[^']*'", "", command), f"{step}: a template without quotes"


def test_whatever_paths_are_made_of_is_a_name_or_a_path(stages: list[Stage]) -> None:
    for stage in stages:
        fields = model_of(stage).model_fields
        text = str(GRAPH[stage.step])
        own = set(re.findall(r"\$\{item\.([^}]+)\}", text))
        own |= set(re.findall(rf"\$\{{{stage.step}\.([^}}]+)\}}", text)) - {"items"}
        for key in own:
            safe = [m for m in fields[key].metadata if isinstance(m, AfterValidator)]
            assert safe or get_origin(fields[key].annotation) is Literal, f"{stage.name}: {key}"


def test_paths_of_the_command_are_dependencies_and_outputs(stages: list[Stage]) -> None:
    for stage in stages:
        python, flag, module, *rest = stage.command
        assert (python, flag, module) == ("python3", "-m", f"pipeline_steps.{stage.step}")
        names = names_of(stage.step, stage.item, stage.params_file)
        paths = [filled(path, names) for path in rest[1::2]]
        options = dict(zip(rest[::2], paths, strict=True))
        kinds = {option_of(name): kind for name, kind in paths_of(step_of(stage).run).items()}
        inputs = {path for option, path in options.items() if kinds[option] == "input"}
        outputs = {path for option, path in options.items() if kinds[option] == "output"}
        data = {dep for dep in stage.deps if not dep.startswith(CODE)}
        assert inputs == data, f"{stage.name}: inputs {inputs} but deps {data}"
        assert outputs == stage.outs, f"{stage.name}: outputs {outputs} but outs {stage.outs}"


def test_no_stage_depends_on_a_product_parent(stages: list[Stage]) -> None:
    outs = {out for s in stages for out in s.outs if out.startswith("data/")}
    products = {str(Path(out).parent) for out in outs if not Path(out).suffix}
    for stage in stages:
        assert not (stage.deps & products), stage.name


def test_every_step_is_in_the_graph_and_has_parameters() -> None:
    steps = {path.stem for path in (ROOT / "pipeline_steps").glob("[!_]*.py")}
    assert steps == set(GRAPH) == set(STAGES)


def test_every_step_has_a_docstring_and_is_short() -> None:
    for path in (ROOT / "pipeline_steps").glob("[!_]*.py"):
        assert len(path.read_text().splitlines()) <= 140, path
        run = importlib.import_module(f"pipeline_steps.{path.stem}").run
        assert inspect.getdoc(run), path


def test_every_number_of_a_stage_is_among_the_metrics(stages: list[Stage]) -> None:
    listed = YAML(typ="safe").load(TEXT)["metrics"]
    written = {out for stage in stages for out in stage.outs if out.startswith("metrics/")}
    assert written and listed == ["metrics"]


def test_dvc_ignores_whatever_git_ignores_anywhere() -> None:
    git = {line.strip("/") for line in _lines(".gitignore") if not line.startswith("/")}
    assert git and git <= {line.strip("/") for line in _lines(".dvcignore")}


def test_the_graph_stays_on_few_pages() -> None:
    lines = len(TEXT.splitlines())
    assert lines < 420 + 45 * max(len(GRAPH) - 13, 0), f"{lines} lines of dvc.yaml"


def _under(file: str, deps: set[str]) -> bool:
    return any(file == dep or file.startswith(f"{dep}/") for dep in deps)


def _lines(name: str) -> list[str]:
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
