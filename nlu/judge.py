"""What triage as a whole makes of texts: hazard words, policy, and the model's answers. For `nlu/evaluate.py`.

Runs in the bot's environment (`.venv`), where the policy lives. Standard input: one JSON object a line, `text` and
`parse` (the server's answer, or null for a model that is down). Standard output: for each, the urgency that the
policy gives, whether it would ask the question about danger, and the urgency of the hazard words alone ("" for none).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bot.triage import policy
from bot.triage.hazards import find
from bot.triage.nlu import read


def judge(text: str, answer: object) -> dict[str, object]:
    hazard = find(text)
    assessment = policy.assess(hazard=hazard, parse=read(answer) if answer is not None else None)
    return {
        "urgency": assessment.urgency.label,
        "ask": assessment.ask,
        "hazard": hazard.urgency.label if hazard is not None else "",
    }


def main() -> None:
    for line in sys.stdin:
        item = json.loads(line)
        sys.stdout.write(json.dumps(judge(item["text"], item["parse"])) + "\n")


if __name__ == "__main__":
    main()
