"""Flows as Mermaid diagrams, for documents and for seeing what one is writing."""

from __future__ import annotations

from bot.conversation.flow import END, Flow, Flowbook, Step


def mermaid(book: Flowbook, flow: str) -> str:
    """The flow called `flow` as a Mermaid flowchart. Raises `KeyError` when there is no such flow."""
    found = book.flows[flow]
    lines = ["flowchart TD", f'  begin(["{_words(found.name)}"]) --> {_node(found.first)}']
    ends = False
    for step in found.steps.values():
        lines.append(f"  {_node(step.id)}{_shape(step)}")
        for branch in step.next:
            label = f'|"{_words(branch.condition.source)}"|' if branch.condition else ""
            if len(step.next) > 1 and branch.condition is None:
                label = '|"else"|'
            target = "finish" if branch.target == END else _node(branch.target)
            ends = ends or branch.target == END
            lines.append(f"  {_node(step.id)} -->{label} {target}")
        if step.timeout:
            lines.append(f'  {_node(step.id)} -.->|"silence"| {_node(step.timeout.then)}')
        if step.moved_to:
            lines.append(f'  {_node(step.id)} -.->|"moved"| {_node(step.moved_to.rpartition(".")[2])}')
    if ends:
        lines.append('  finish(["END"])')
    return "\n".join(lines) + "\n"


def overview(book: Flowbook) -> str:
    """How the flows lead to each other."""
    lines = ["flowchart LR"]
    for flow in book.flows.values():
        lines.append(f'  {_node(flow.id)}["{_words(flow.name)}"]')
        lines.extend(f"  {_node(flow.id)} --> {_node(other)}" for other in _others(flow))
    return "\n".join(lines) + "\n"


def _others(flow: Flow) -> list[str]:
    return list(dict.fromkeys(step.link or step.call for step in flow.steps.values() if step.link or step.call))


def _shape(step: Step) -> str:
    if step.collect:
        return f'[/"{step.collect}?"/]'
    if step.link or step.call:
        return f'[["{step.link or step.call}"]]'
    if step.action:
        return f'{{{{"{step.action}"}}}}'
    return f'["{step.utter or step.id}"]'


def _node(id: str) -> str:
    """`end` and dashes mean something to Mermaid."""
    return "s_" + id.replace("-", "__")


def _words(text: str) -> str:
    return text.replace('"', "'").replace("\n", " ")
