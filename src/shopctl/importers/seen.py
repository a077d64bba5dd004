"""What a file has said already, without keeping it in memory."""

from shopctl.importers.scratch import Scratch


class Seen(Scratch):
    """Names and the rows where they stood first."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE seen (name TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID")

    def before(self, name: str, row: int) -> int | None:
        """The row where ``name`` stood before; ``None`` where it is new, and remembered from now on."""
        added = self._c.execute("INSERT INTO seen VALUES (?, ?) ON CONFLICT DO NOTHING", (name, row)).rowcount
        if added:
            return None
        return int(self._c.execute("SELECT row FROM seen WHERE name = ?", (name,)).fetchone()[0])
