"""The skus of one product's variants."""

from shopctl.importers.naming import fitted_sku, free, made_sku
from shopctl.importers.rows import Note, Row


class Skus:
    """Gives each variant its sku: the file's where it fits, else one that is the same at every import."""

    def __init__(self, product: str) -> None:
        self._product = product
        self._given: set[str] = set()
        self.notes: list[Note] = []

    def of(self, row: Row, column: str, codes: list[str], ignore: str = "", number: str = "") -> str:
        """The sku of the variant in ``row``; ``codes`` are those of its options. One that equals ``ignore`` is none.

        ``number`` is the one that the other shop knows it by: unlike its name, that stays.
        """
        told = row[column]
        if not told or told == ignore:
            sku = free(fitted_sku(f"id-{number}") if number else made_sku(self._product, codes), self._given)
            self.notes.append(Note("sku_made", row.number, became=sku))
        elif (sku := fitted_sku(told)) != told:
            sku = free(sku, self._given)
            self.notes.append(Note("sku_fitted", row.number, value=told, became=sku))
        elif sku in self._given:
            raise row.unfit(column, "stands twice in this product")
        self._given.add(sku)
        return sku
