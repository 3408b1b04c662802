"""The secret with which another system signs its word about sessions."""

import base64
import secrets
from dataclasses import dataclass, field

from sqlalchemy import select

from core.db.history import Change, by_member, record
from core.db.people import edit_community
from core.db.tables import communities
from core.db.unit import Transaction, reading, transaction
from core.rules.refusals import Refused
from core.usecases.asker import Asker, known_staff

_BYTES = 32  # Standard Webhooks asks for 24 to 64


@dataclass(frozen=True, slots=True)
class Secret:
    """Seen whole this once, and never in a log."""

    community_id: int
    secret: str = field(repr=False)


@transaction
async def new_webhook_secret(tx: Transaction, asker: Asker) -> Secret | Refused:
    """A new secret, made by staff; the one before signs nothing from now on."""
    who = await known_staff(tx, asker)
    if isinstance(who, Refused):
        return who
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(_BYTES)).decode()}"
    await edit_community(tx, who.community_id, webhook_secret=secret)
    change = Change("community", who.community_id, "set_up", "set_up", "new webhook secret")
    await tx.write_all(record(who.community_id, tx.now, by_member(who.member_id), change))
    return Secret(who.community_id, secret)


@reading
async def webhook_secret_of(tx: Transaction, community_id: int) -> str | None:
    """What the community's completion webhooks are signed with; None if staff made no secret, or nobody is there."""
    secret: str | None = await tx.value(select(communities.c.webhook_secret).where(communities.c.id == community_id))
    return secret
