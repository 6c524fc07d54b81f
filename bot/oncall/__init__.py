"""Who is paged, when, and how: the roster, the ladder and the on-call bot."""

import os

# python-telegram-bot gives `retry_after` as a timedelta only when told so, and warns at every flood otherwise
os.environ.setdefault("PTB_TIMEDELTA", "1")
