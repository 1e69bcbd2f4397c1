from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Make the state folder ready to serve: tables, products, static files."

    def add_arguments(self, parser):
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--products", type=int, default=2000)

    def handle(self, *args, seed, products, **options):
        # One process for all: each start of Django costs most of a second.
        call_command("migrate", interactive=False, verbosity=0)
        call_command(
            "populate", seed=seed, products=products, if_empty=True, stdout=self.stdout
        )
        call_command("collectstatic", interactive=False, verbosity=0)
