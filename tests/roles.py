"""Discord's side of the port Roles, for tests."""

from dataclasses import dataclass, field

from core.ports import RoleAnswer, RoleBrought


@dataclass
class KeepingRoles:
    """It answers as it is told to, and keeps what it was asked for: role, and whether it was wanted."""

    answer: RoleAnswer = field(default_factory=RoleBrought)
    calls: list[tuple[int, bool]] = field(default_factory=list)

    async def bring(self, guild_id: int, user_id: int, role_id: int, *, wanted: bool) -> RoleAnswer:
        self.calls.append((role_id, wanted))
        return self.answer
