"""Loads a function or an object from a person's own Python file, which runs as their code, with their rights."""

import hashlib
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from toishi.tools.workbench.errors import TaskError
from toishi.tools.workbench.own_code.output import prints_to_stderr
from toishi.tools.workbench.own_code.trust import require
from toishi.tools.workbench.suggestion import did_you_mean


def load_object(project: Path, name: str, *, key: str) -> Any:
    """What `name` (`file.py:object`, from the project folder) stands for; `key` is where the task says so.

    The file's folder is put behind the other places where Python looks for modules, so files beside it can be imported
    unless they are called like an installed package. A file is executed once in a process.

    Raises `TrustNeeded` where the person has not said that the project's code may run, and `TaskError` for a file or an
    object that is not there, and for a file that fails while it is executed.
    """
    file, _, attribute = name.partition(":")
    require(project, file)
    path = (project / file).resolve()
    module_name = f"toishi_own_code_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    module = sys.modules.get(module_name)
    if module is None:
        spec = spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise TaskError(f"{key} = '{name}' names no Python file (looked for {path})")
        module = module_from_spec(spec)
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        sys.modules[module_name] = module
        try:
            with prints_to_stderr():
                spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[module_name]
            raise TaskError(f"{key} = '{name}' fails when it is loaded: {told(error, path)}") from error
    if not hasattr(module, attribute):
        known = [one for one, value in vars(module).items() if not one.startswith("_") and callable(value)]
        raise TaskError(f"{key} = '{name}': {file} has no '{attribute}'; {did_you_mean(attribute, known)}")
    return getattr(module, attribute)


def told(error: BaseException, path: Path) -> str:
    """An error of the person's code in one line, with the line of their file where it happened."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    said = str(error)
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines, said = [error.lineno], error.msg
    where = f" ({path.name}, line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {said}".splitlines()[0] + where
