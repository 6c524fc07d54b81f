"""Every word that the on-call bot says, in Spanish and English. Nothing here knows anything of a person.

A page says how urgent, which case, how long it waits: that is all (DESIGN §9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.conversation.messages import Urgency

MARKS = {Urgency.EMERGENCY: "🔴", Urgency.URGENT: "🟠", Urgency.PRIORITY: "🟡", Urgency.INFORMATION: "🔵"}

REFUSAL = "Este bot es privado. · This bot is private."
"""All that a stranger ever reads, whatever they write."""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "es": {
        "emergency": "EMERGENCIA",
        "urgent": "URGENTE",
        "priority": "PRIORITARIO",
        "information": "INFORMACIÓN",
        "page": "{mark} {level} · caso {case}\nEspera desde hace {wait}.",
        "claim": "Lo tomo",
        "pass": "Paso",
        "yours": "✅ Caso {case}: es tuyo.\nPara leerlo: amparo cases read {case}",
        "yours_short": "Es tuyo.",
        "taken": "Caso {case}: ya lo tomó otra persona.",
        "taken_short": "Ya lo tomó otra persona.",
        "over": "Caso {case}: ya no espera.",
        "over_short": "Ya no espera.",
        "passed": "Caso {case}: has pasado. Se avisa a los siguientes.",
        "passed_short": "Has pasado.",
        "old_short": "Ese botón ya no sirve.",
        "activity": "Caso {case}: un mensaje nuevo.",
        "undelivered": (
            "Caso {case}: una respuesta tuya no se pudo entregar.\nLa persona no la ha visto; queda en el caso."
        ),
        "erased": "Caso {case}: ya no existe.",
        "enrolled": "Hola, {name}. Recibirás aquí los avisos. Escribe /on para entrar en turno, /help para lo demás.",
        "enrolled_demo": "Eres la persona de guardia de la demostración, y estás en turno. /help dice lo demás.",
        "on": "En turno.",
        "off": "Fuera de turno.",
        "off_last": "Fuera de turno. Ahora no queda nadie en turno: a quien escriba se le dice así.",
        "queue": "Esperan {count}: {levels}. La mayor espera: {wait}.",
        "queue_empty": "No espera nadie.",
        "who": "En turno: {names}.",
        "who_nobody": "No hay nadie en turno.",
        "mute": "{name} (sin avisos aquí)",
        "help": (
            "/on — entrar en turno\n/off — salir de turno\n"
            "/queue — cuántos casos esperan\n/who — quién está en turno\n\n"
            "Cuando espera un caso recibes un aviso sin contenido. «Lo tomo» te lo asigna y nadie más recibe avisos; "
            "«Paso» avisa a los siguientes. El caso se lee y se contesta con tu clave, nunca aquí."
        ),
        "seconds": "{n} s",
        "minutes": "{n} min",
        "hours": "{n} h {m} min",
        "days": "{n} d {m} h",
        "command_on": "Entrar en turno",
        "command_off": "Salir de turno",
        "command_queue": "Casos que esperan",
        "command_who": "Quién está en turno",
        "command_help": "Ayuda",
    },
    "en": {
        "emergency": "EMERGENCY",
        "urgent": "URGENT",
        "priority": "PRIORITY",
        "information": "INFORMATION",
        "page": "{mark} {level} · case {case}\nIt has waited for {wait}.",
        "claim": "Claim",
        "pass": "Pass",
        "yours": "✅ Case {case}: it is yours.\nTo read it: amparo cases read {case}",
        "yours_short": "It is yours.",
        "taken": "Case {case}: taken by someone else.",
        "taken_short": "Taken by someone else.",
        "over": "Case {case}: it no longer waits.",
        "over_short": "It no longer waits.",
        "passed": "Case {case}: you passed. The next ones are paged.",
        "passed_short": "You passed.",
        "old_short": "That button no longer works.",
        "activity": "Case {case}: a new message.",
        "undelivered": (
            "Case {case}: a reply of yours could not be delivered.\nThe person has not seen it; it stays in the case."
        ),
        "erased": "Case {case}: it no longer exists.",
        "enrolled": "Hello, {name}. Pages will come here. Send /on to go on duty, /help for the rest.",
        "enrolled_demo": "You are the operator of the demo, and on duty. /help says the rest.",
        "on": "On duty.",
        "off": "Off duty.",
        "off_last": "Off duty. Nobody is on duty now: people who write are told so.",
        "queue": "{count} waiting: {levels}. Longest wait: {wait}.",
        "queue_empty": "Nobody is waiting.",
        "who": "On duty: {names}.",
        "who_nobody": "Nobody is on duty.",
        "mute": "{name} (not paged here)",
        "help": (
            "/on — go on duty\n/off — go off duty\n/queue — how many cases wait\n/who — who is on duty\n\n"
            "When a case waits you get a page without content. “Claim” makes it yours and stops the paging; “Pass” "
            "pages the next ones. Cases are read and answered with your key, never here."
        ),
        "seconds": "{n} s",
        "minutes": "{n} min",
        "hours": "{n} h {m} min",
        "days": "{n} d {m} h",
        "command_on": "Go on duty",
        "command_off": "Go off duty",
        "command_queue": "Cases that wait",
        "command_who": "Who is on duty",
        "command_help": "Help",
    },
}

COMMANDS = ("on", "off", "queue", "who", "help")


def language(telegram: str | None, roster: Iterable[str] = ()) -> str:
    """The language to speak with an operator: their Telegram's, else the first of the roster's that we have."""
    for wanted in (telegram or "", *roster):
        primary = wanted.replace("_", "-").partition("-")[0].lower()
        if primary in TEXTS:
            return primary
    return "es"


def say(lang: str, key: str, **values: object) -> str:
    """The text `key`, with its values."""
    return TEXTS[lang][key].format(**values)


def duration(lang: str, milliseconds: int) -> str:
    """A waiting time as people say it; negative ones (clocks differ) are none."""
    seconds = max(0, milliseconds // 1000)
    if seconds < 60:
        return say(lang, "seconds", n=seconds)
    minutes = seconds // 60
    if minutes < 60:
        return say(lang, "minutes", n=minutes)
    hours = minutes // 60
    if hours < 48:
        return say(lang, "hours", n=hours, m=minutes % 60)
    return say(lang, "days", n=hours // 24, m=hours % 24)


def page(lang: str, case: str, urgency: Urgency, waited: int) -> str:
    """The text of a page. `waited` is in milliseconds."""
    level = say(lang, urgency.label)
    return say(lang, "page", mark=MARKS[urgency], level=level, case=case, wait=duration(lang, waited))


def queue(lang: str, counts: Mapping[Urgency, int], waited: int) -> str:
    """How many wait at each level, and for how long at most (milliseconds)."""
    total = sum(counts.values())
    if not total:
        return say(lang, "queue_empty")
    levels = " ".join(f"{MARKS[level]} {counts[level]}" for level in reversed(Urgency) if counts.get(level))
    return say(lang, "queue", count=total, levels=levels, wait=duration(lang, waited))
