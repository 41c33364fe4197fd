"""The language of templates: a part of Jinja2 small enough to say what it can do.

A template is checked when it is saved: its syntax tree may hold only what is listed here. There is no call,
no arithmetic, no import and no loop but over the lines of an order, so a template ends, in bounded time and
memory, and reaches nothing but the facts it is given. It still runs in Jinja2's immutable sandbox.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import (
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateRuntimeError,
    meta,
    nodes,
    pass_context,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from onhand.notifications.domain.templates import LINE_FIELDS

FILTERS = (
    "capitalize",
    "default",
    "first",
    "join",
    "last",
    "length",
    "lower",
    "moment",
    "title",
    "trim",
    "upper",
)
"""The filters that a template may use; `moment` says a time in the reader's language and zone."""
TESTS = ("defined", "none")
LAYOUTS = ("en/_layout.txt", "en/_layout.html")
"""What a template may extend."""
MAX_NESTING = 20
"""Blocks within blocks; protects the stack of the parser, ours and Jinja2's."""
MAX_DEPTH = 100
"""Levels of a syntax tree; protects the stack of whoever walks it."""
MAX_LOOPS = 2
"""Loops within loops: with 100 lines, 10,000 rounds."""

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.For,
    nodes.Getattr,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.Extends,
    nodes.Block,
)
_LOOP_FIELDS = frozenset({"index", "first", "last", "length"})
_BARE_ATTRIBUTE = re.compile(r"""<[^>]*=\s*\{\{""")


class Environment(ImmutableSandboxedEnvironment):
    """Where templates run: without Jinja2's own functions, and with the filters listed above only."""

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(
            loader=PackageLoader("onhand.notifications"),
            undefined=StrictUndefined,
            autoescape=autoescape,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=(),
        )
        self.globals.clear()
        self.tests = {name: self.tests[name] for name in TESTS}
        self.filters["moment"] = _moment
        # `escape` is what HTML is escaped with, not for templates to call.
        self.filters = {name: self.filters[name] for name in FILTERS if name in self.filters}


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def problems(environment: Environment, source: str, variables: frozenset[str]) -> list[Problem]:
    """Return all that is wrong with a part of a template; none: it can be rendered from `variables`."""
    if _nesting(source) > MAX_NESTING:
        return [Problem(1, f"more than {MAX_NESTING} blocks or brackets within each other")]
    try:
        tree = environment.parse(source)
    except TemplateError as error:
        return [Problem(getattr(error, "lineno", 1) or 1, error.message or "is no template")]
    except RecursionError:
        return [Problem(1, "is nested too deeply")]
    found = list(_refused(tree))
    if environment.autoescape and (bare := _BARE_ATTRIBUTE.search(source)):
        line = source.count("\n", 0, bare.end()) + 1
        found.append(Problem(line, "a variable in an HTML attribute stands in quotes"))
    if found:
        return found  # what follows computes constants already, however large
    known = variables | {"loop"}
    for name in sorted(meta.find_undeclared_variables(tree) - known):
        line = next(each.lineno for each in tree.find_all(nodes.Name) if each.name == name)
        found.append(
            Problem(line, f"there is no variable {name!r}; there are {', '.join(sorted(variables))}")
        )
    return found


@pass_context
def _moment(context: Context, value: object) -> str:
    """Say a time as the reader would, whom only `render_with` knows."""
    if not isinstance(value, datetime):
        raise TemplateRuntimeError("moment says a time, and there is none")
    return str(context["moment_of"](value))


def _refused(node: nodes.Node, loops: int = 0, depth: int = 0) -> Iterator[Problem]:
    if depth > MAX_DEPTH:
        yield Problem(node.lineno or 1, "is nested too deeply")
        return
    if not isinstance(node, _ALLOWED):
        yield Problem(node.lineno or 1, f"{type(node).__name__} is not part of the language of templates")
        return
    problem = ""
    if isinstance(node, nodes.For):
        loops += 1
        problem = _loop_problem(node, loops)
    elif isinstance(node, nodes.Getattr):
        problem = _field_problem(node)
    elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
        problem = f"there is no filter {node.name!r}; there are {', '.join(FILTERS)}"
    elif isinstance(node, nodes.Test) and node.name not in TESTS:
        problem = f"there is no test {node.name!r}; there are {', '.join(TESTS)}"
    elif isinstance(node, nodes.Extends) and getattr(node.template, "value", "") not in LAYOUTS:
        problem = f"only {', '.join(LAYOUTS)} can be extended"
    if problem:
        yield Problem(node.lineno or 1, problem)
    for child in node.iter_child_nodes():
        yield from _refused(child, loops, depth + 1)


def _loop_problem(loop: nodes.For, depth: int) -> str:
    if not (isinstance(loop.iter, nodes.Name) and loop.iter.name == "lines") or loop.recursive:
        return "a loop goes over lines"
    if not isinstance(loop.target, nodes.Name) or loop.target.name in {"lines", "loop"}:
        return "a loop has one name for each line"
    return f"no more than {MAX_LOOPS} loops within each other" if depth > MAX_LOOPS else ""


def _field_problem(access: nodes.Getattr) -> str:
    if not isinstance(access.node, nodes.Name):
        return "only a line has fields"
    known = _LOOP_FIELDS if access.node.name == "loop" else LINE_FIELDS
    return (
        ""
        if access.attr in known
        else f"there is no field {access.attr!r}; there are {', '.join(sorted(known))}"
    )


def _nesting(source: str) -> int:
    """Return how deep blocks and brackets go, before anything recursive reads them."""
    depth = deepest = 0
    for opening in re.findall(r"\{%-?\s*(if|for|block|endif|endfor|endblock)\b|([(\[{])|([)\]}])", source):
        word, opened, closed = opening
        if opened or word in {"if", "for", "block"}:
            depth += 1
        elif closed or word:
            depth = max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


@cache
def environments() -> dict[bool, Environment]:
    """Return the environments of plain text and of HTML, by whether they escape."""
    return {escape: Environment(autoescape=escape) for escape in (False, True)}
