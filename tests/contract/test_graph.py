"""dvc.yaml says what the code does: imports, parameters and paths of every stage."""

import importlib
import inspect
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from pipeline_steps.harness.step import named_modules, option_of, paths_of
from tests.contract.closure import import_closure
from tests.contract.conftest import ROOT, Stage
from twinband.core.params import StageParams

CODE = ("src/", "pipeline_steps/")
# Packages whose modules parameters name, each with the stage that imports them.
PACKAGES = (
    ("readers", "ingest"),
    ("registration/backends", "register"),
    ("benchmarks", "evaluate"),
    ("annotators/labellers", "pseudo_labels"),
)


def step_of(stage: Stage) -> Any:
    return importlib.import_module(f"pipeline_steps.{stage.step}")


def model_of(stage: Stage) -> type[StageParams]:
    model: type[StageParams] = get_type_hints(step_of(stage).run)["params"]
    return model


def modules_of(stage: Stage) -> list[str]:
    """What the stage's parameters name."""
    dynamic = getattr(step_of(stage), "DYNAMIC", ())
    if not dynamic:
        return []
    return named_modules(dynamic, model_of(stage).model_validate(stage.values), stage.item)


def public_modules(pattern: str) -> list[str]:
    """Modules that parameters may name by ``twinband.PACKAGE.{field}``."""
    package = pattern.partition(".{")[0]
    folder = ROOT / "src" / package.replace(".", "/")
    return [f"{package}.{path.stem}" for path in sorted(folder.glob("[!_]*.py"))]


def test_code_dependencies_are_the_import_closure(stages: list[Stage]) -> None:
    for stage in stages:
        dynamic = getattr(step_of(stage), "DYNAMIC", ())
        closure = set(import_closure(ROOT, [f"pipeline_steps.{stage.step}", *modules_of(stage)]))
        declared = {dep for dep in stage.deps if dep.startswith(CODE)}
        assert closure <= declared, f"{stage.name}: dvc.yaml lacks deps {closure - declared}"
        # Items share one template, so what only some of them import stands in all; but no item's
        # own module in another's.
        others = [name for module in dynamic for name in public_modules(module)]
        shared = set(import_closure(ROOT, [f"pipeline_steps.{stage.step}", *others]))
        own = {f"src/{name.replace('.', '/')}.py" for name in others}
        surplus = declared - closure - (shared - own)
        assert not surplus, f"{stage.name}: dvc.yaml has deps that nothing imports: {surplus}"


def test_every_shared_helper_is_imported_by_some_item() -> None:
    for package, step in PACKAGES:
        folder = ROOT / "src/twinband" / package
        named = [
            f"twinband.{package.replace('/', '.')}.{path.stem}"
            for path in folder.glob("*.py")
            if not path.name.startswith("_")
        ]
        closure = import_closure(ROOT, [f"pipeline_steps.{step}", *named])
        helpers = {p.relative_to(ROOT).as_posix() for p in folder.glob("_[!_]*.py")}
        assert helpers <= set(closure), f"nothing imports {helpers - set(closure)}"


def test_parameters_are_the_sections_the_step_reads(stages: list[Stage]) -> None:
    for stage in stages:
        model = model_of(stage)
        if model.axis is None:
            assert stage.params == {stage.step}, stage.name
            continue
        shared = {f"{stage.step}.{name}" for name in model.model_fields if name != model.axis}
        assert stage.params == shared | {f"{stage.step}.{model.axis}.{stage.item}"}, stage.name


def test_paths_of_the_command_are_dependencies_and_outputs(stages: list[Stage]) -> None:
    for stage in stages:
        python, flag, module, *rest = stage.command
        assert (python, flag, module) == ("python3", "-m", f"pipeline_steps.{stage.step}")
        options = dict(zip(rest[::2], rest[1::2], strict=True))
        assert options.pop("--item", None) == stage.item, stage.name
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


def test_every_step_is_in_the_graph() -> None:
    import yaml

    steps = {p.stem for p in (ROOT / "pipeline_steps").glob("[!_]*.py")}
    assert steps == set(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])


def test_every_step_has_a_docstring_and_is_short() -> None:
    for path in (ROOT / "pipeline_steps").glob("[!_]*.py"):
        assert len(path.read_text().splitlines()) <= 140, path
        run = importlib.import_module(f"pipeline_steps.{path.stem}").run
        assert inspect.getdoc(run), path


@pytest.mark.parametrize("kind", ["metrics", "plots"])
def test_top_level_lists_name_what_stages_write(stages: list[Stage], kind: str) -> None:
    import yaml

    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text())[kind]
    written = {out for stage in stages for out in stage.outs if out.startswith(f"{kind}/")}
    for out in written:
        assert any(out == path or out.startswith(f"{path}/") for path in listed), out
