"""/staff settings: each number of the rules with its meaning, and for whom a changed one is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.replies.reply import Reply, Tone
from core.texts.language import say, say_many
from core.usecases.community.settings import Setting, SettingChanged


def _(message: str) -> str:
    """Marks a sentence for the catalogues; `say` translates it when it is said."""
    return message


@dataclass(frozen=True, slots=True)
class Line:
    """What the number is, and what a changed one does to what is there already."""

    meaning: str
    changed: str


_RUNS = _("What already runs keeps its own: the new number is for what begins from now on.")
_PRODUCTS = _("Products that are there keep theirs: the new number is for what is added from now on.")
_MENTORS = _("Mentors who are there keep theirs: the new number is for those who are added from now on.")
_AT_ONCE = _("It counts at once, for what is booked, decided or under way already, too.")

GROUPS: Mapping[str, Mapping[str, Line]] = {
    _("New products and mentors"): {
        "sessions_per_pack": Line(_("Sessions of a new product"), _PRODUCTS),
        "validity_days": Line(_("How long a pack of a new product, or a grant, is good for"), _PRODUCTS),
        "notice_hours": Line(_("How long before a session one books at the latest, with a new mentor"), _MENTORS),
        "horizon_days": Line(_("How far ahead one can book with a new mentor"), _MENTORS),
    },
    _("Buying"): {
        "checkout_minutes": Line(_("How long a checkout is open"), _RUNS),
        "held_checkouts": Line(_("Seats that one student can hold by open checkouts"), _AT_ONCE),
        "unpaid_checkouts": Line(_("Checkouts that one student can leave unpaid before a pause"), _AT_ONCE),
        "unpaid_window_hours": Line(_("For how long an unpaid checkout is remembered"), _AT_ONCE),
        "unpaid_pause_hours": Line(_("How long the pause after unpaid checkouts lasts"), _AT_ONCE),
        "pending_days": Line(_("How long a payment is on its way before staff are told"), _RUNS),
    },
    _("Grace"): {
        "grace_hours": Line(_("How long a seat without sessions is kept"), _RUNS),
        "final_warning_hours": Line(_("How long before the end of grace the final warning comes"), _RUNS),
        "least_warning_hours": Line(_("What is left of grace at least when the warning comes late"), _AT_ONCE),
    },
    _("Expiry"): {
        "expiry_notice_days": Line(_("How long before a pack expires its student is told"), _RUNS),
        "expiry_last_notice_days": Line(_("How long before it the student is told once more"), _RUNS),
    },
    _("Cancelling"): {
        "cancel_free_hours": Line(_("Until how long before a session a student cancels for free"), _AT_ONCE),
        "change_of_mind_minutes": Line(_("How long after booking cancelling is free in any case"), _AT_ONCE),
        "returned_pack_days": Line(_("How long a pack is good at least when a session is given back"), _RUNS),
    },
    _("How sessions went"): {
        "no_show_minutes": Line(_("How late a student may come before it is a no-show"), _AT_ONCE),
        "outcome_reminder_hours": Line(_("How long until a mentor who says nothing is reminded"), _RUNS),
        "outcome_again_hours": Line(_("How long until that mentor is reminded again"), _RUNS),
        "undo_days": Line(_("How long an outcome can be taken back"), _AT_ONCE),
        "waive_days": Line(_("How long a missed session can be given back"), _AT_ONCE),
    },
}
"""By heading. A test proves that every setting stands here."""

LINES: Mapping[str, Line] = {name: line for group in GROUPS.values() for name, line in group.items()}


def settings(found: Sequence[Setting]) -> Reply:
    """All of them, by subject; what was changed says what it would be otherwise."""
    standing = {setting.name: setting for setting in found}
    fields = [
        (say(heading), "\n".join(_line(standing[name], line) for name, line in group.items()))
        for heading, group in GROUPS.items()
    ]
    text = say("The numbers of the rules here, and from where to where each goes. `/staff settings set` changes one.")
    return Reply(say("Settings"), text, fields=fields)


def changed(done: SettingChanged) -> Reply:
    """What it was, what it is, and for whom."""
    if done.before == done.value:
        text = say("`{name}` is {value} already.", name=done.name, value=amount(done.name, done.value))
        return Reply(say("Changed nothing"), text)
    line = LINES[done.name]
    step = f"`{done.name}`: {amount(done.name, done.before)} → **{amount(done.name, done.value)}**"
    return Reply(say("Changed"), "\n".join([step, f"{say(line.meaning)}.", say(line.changed)]), tone=Tone.DONE)


def setting_choice(setting: Setting) -> tuple[str, str]:
    """The setting in a list to choose from: (label, value)."""
    return f"{setting.name} ({setting.value}) · {say(LINES[setting.name].meaning)}", setting.name


def amount(name: str, value: int) -> str:
    """The number in the unit that the setting's name ends with."""
    if name.endswith("_minutes"):
        return say_many("{number} minute", "{number} minutes", value)
    if name.endswith("_hours"):
        return say_many("{number} hour", "{number} hours", value)
    if name.endswith("_days"):
        return say_many("{number} day", "{number} days", value)
    if name.endswith("_checkouts"):
        return say_many("{number} checkout", "{number} checkouts", value)
    return say_many("{number} session", "{number} sessions", value)


def _line(setting: Setting, line: Line) -> str:
    number = amount(setting.name, setting.value)
    bounds = say("{least} to {most}", least=setting.least, most=setting.most)
    if setting.value != setting.default:
        bounds += say(", first {default}", default=setting.default)
    return f"`{setting.name}` **{number}** ({bounds}): {say(line.meaning)}"
