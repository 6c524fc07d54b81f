"""What each channel can carry: every platform limit is a named constant here, and nowhere else.

Sources: the Telegram Bot API and WhatsApp Cloud API references, as read in November 2026.
"""

from __future__ import annotations

from typing import Final

from bot.conversation.limits import Limits

TELEGRAM_TEXT: Final = 4096
TELEGRAM_CAPTION: Final = 1024
TELEGRAM_CALLBACK_DATA_BYTES: Final = 64
TELEGRAM_START_PARAMETER: Final = 64
TELEGRAM_CALLBACK_ANSWER: Final = 200
TELEGRAM_BUTTONS: Final = 100
TELEGRAM_BUTTON_LABEL: Final = 64
"""Not a limit of the platform: longer labels are cut by the phones' screens."""
TELEGRAM_DELETE_BATCH: Final = 100
TELEGRAM_DELETE_WINDOW_SECONDS: Final = 48 * 3600
TELEGRAM_DOWNLOAD_BYTES: Final = 20 * 1024 * 1024

WHATSAPP_TEXT: Final = 4096
WHATSAPP_INTERACTIVE_BODY: Final = 1024
WHATSAPP_REPLY_BUTTONS: Final = 3
WHATSAPP_REPLY_BUTTON_TITLE: Final = 20
WHATSAPP_REPLY_BUTTON_ID: Final = 256
WHATSAPP_LIST_ROWS: Final = 10
WHATSAPP_LIST_ROW_TITLE: Final = 24
WHATSAPP_LIST_ROW_DESCRIPTION: Final = 72
WHATSAPP_LIST_ROW_ID: Final = 200
WHATSAPP_LIST_BUTTON: Final = 20
WHATSAPP_WINDOW_SECONDS: Final = 24 * 3600

WEB_TEXT: Final = 4096
WEB_CHOICES: Final = 20

TELEGRAM: Final = Limits(
    channel="telegram",
    text=TELEGRAM_TEXT,
    question=TELEGRAM_TEXT,
    label=TELEGRAM_BUTTON_LABEL,
    choices=TELEGRAM_BUTTONS,
    choice_id=TELEGRAM_CALLBACK_DATA_BYTES,
)
WHATSAPP: Final = Limits(
    channel="whatsapp",
    text=WHATSAPP_TEXT,
    question=WHATSAPP_INTERACTIVE_BODY,
    label=WHATSAPP_LIST_ROW_TITLE,
    choices=WHATSAPP_LIST_ROWS,
    choice_id=WHATSAPP_LIST_ROW_ID,
)
WEB: Final = Limits(
    channel="web", text=WEB_TEXT, question=WEB_TEXT, label=64, choices=WEB_CHOICES, choice_id=WHATSAPP_LIST_ROW_ID
)
ALL: Final = (TELEGRAM, WHATSAPP, WEB)
