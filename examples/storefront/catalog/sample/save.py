from django.db import transaction


def save(assortment):
    """Write an Assortment into an empty catalogue, all or nothing."""
    with transaction.atomic():
        for rows in assortment.tables():
            if rows:
                # SQLite allows some hundred values in one statement.
                type(rows[0]).objects.bulk_create(rows, batch_size=100)
