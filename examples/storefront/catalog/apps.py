from django.apps import AppConfig
from django.db.backends.signals import connection_created


def use_write_ahead_log(connection, **kwargs):
    """Let a page be read while another worker saves a session.

    SQLite's default journal locks readers out during each write.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self):
        connection_created.connect(use_write_ahead_log, dispatch_uid="catalog.wal")
