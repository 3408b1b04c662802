"""/staff webhook: how another system tells us how a session went, and the secret that it signs with."""

from collections.abc import Sequence

from bot.actions import Key, custom_id
from bot.replies.reply import Reply, Tone
from core.texts.language import plain, say, say_many
from core.texts.when import discord_span, discord_time
from core.usecases.choice import Choice
from core.usecases.community.secret import Secret, WebhookSetUp

_HOW_TO_SIGN = "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"
_MOST_NUMBERS = 8
_BODY = """```json
{
  "type": "session.completed",
  "timestamp": "2026-11-30T16:02:00Z",
  "data": {
    "session_id": 1,
    "occurred_at": "2026-11-30T16:00:00Z"
  }
}
```"""


def webhook(found: WebhookSetUp, public_url: str, sessions: Sequence[Choice] = ()) -> Reply:
    """Where it is, how to sign, and by which number it calls which session; the secret itself is not shown again."""
    lines = [
        say("Another system can say how a session went: it posts that here, signed with a secret that only it has."),
        f"```\n{address(public_url, found.community_id)}\n```",
    ]
    fields = [
        (say("What it posts"), f"{_BODY}\n" + say("Or `session.no_show` as the type, if the student did not come.")),
        (
            say("How it signs"),
            say("By the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, as in Standard Webhooks."),
        ),
        (say("The secret"), _secret(found)),
    ]
    if found.number:
        fields.append((say("What came last"), _latest(found) or say("Nothing yet.")))
        fields.append((say("Each session's session_id"), _numbers(sessions)))
    return Reply(say("Completion webhook"), "\n".join(lines), fields=fields, rows=[_keys(found)])


def made(secret: Secret, public_url: str) -> Reply:
    """The secret, shown this once."""
    lines = [
        say("Give it to the other system now: it is shown this once, to you alone."),
        f"```\n{secret.secret}\n```",
        say("It signs what is posted here:"),
        f"```\n{address(public_url, secret.community_id)}\n```",
    ]
    if secret.old_until is not None:
        lines.append(say("The secret before is good until {when}, too.", when=discord_span(secret.old_until)))
    elif secret.number > 1:
        lines.append(say("The secret before signs nothing any more."))
    return Reply(say("New webhook secret"), "\n".join(lines), rows=[[_signing()]], tone=Tone.DONE)


def address(public_url: str, community_id: int) -> str:
    return f"{public_url.rstrip('/')}/webhooks/sessions/{community_id}"


def _secret(found: WebhookSetUp) -> str:
    if not found.number:
        return say("None yet, so nothing is taken. Make one below.")
    if found.old_until is not None:
        return say(
            "There is one, and the one before it is good until {when}, too. It is not shown again: if it is lost or "
            "known to others, make a new one.",
            when=discord_span(found.old_until),
        )
    return say("There is one. It is not shown again: if it is lost or known to others, make a new one.")


def _latest(found: WebhookSetUp) -> str:
    """What was not understood says where: so whoever builds the other system finds the mistake."""
    lines = []
    for each in found.latest:
        came = f"{discord_time(each.at, 'f')}: "
        if each.why is None:
            lines.append(f"{came}`{each.kind}`")
        else:
            lines.append(came + say("not understood, `{why}`", why=each.why))
    return "\n".join(lines)


def _numbers(sessions: Sequence[Choice]) -> str:
    """The first of them: the other system has no list of ours."""
    lines = [f"`{each.id}` · {plain(each.label)}" for each in sessions[:_MOST_NUMBERS]]
    if len(sessions) > _MOST_NUMBERS:
        lines.append(say_many("and {number} more", "and {number} more", len(sessions) - _MOST_NUMBERS))
    return "\n".join(lines) or say("Nothing is booked.")


def _keys(found: WebhookSetUp) -> list[Key]:
    new = custom_id("new-secret", found.number)
    if not found.number:
        return [Key(say("Make a secret"), new, style="primary"), _signing()]
    return [
        Key(say("New secret, the old one ends tomorrow"), new, style="primary"),
        Key(say("New secret, the old one ends now"), custom_id("new-secret-now", found.number), style="danger"),
        _signing(),
    ]


def _signing() -> Key:
    return Key(say("How to sign"), url=_HOW_TO_SIGN)
