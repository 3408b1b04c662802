"""What somebody is given of their data."""

from bot.replies.reply import File, Reply, refusal
from core.rules.refusals import Reason, refuse
from core.texts.language import say
from core.usecases.privacy.export_member import Exported

FILE = "seatkeeper-my-data.json"
MOST = 8 * 1024 * 1024  # bytes; Discord takes 10 MiB with a message


def mydata(found: Exported) -> Reply:
    """The file, and what it is; or where to get it, if it does not fit in a message."""
    content = found.text().encode()
    if len(content) > MOST:
        return refusal(refuse(Reason.TOO_MUCH_TO_SEND))
    return Reply(
        say("Your data"),
        say(
            "All that is kept about you here, in a file that people and programs can read (JSON). What mentors noted "
            "about you is for them and staff: of that it says when. To see it, or to have all of it erased, ask staff."
        ),
        files=[File(FILE, content)],
        footer=say("Only you see this. Whoever you give the file to can read all of it."),
    )
