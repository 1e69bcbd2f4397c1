from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalog import sample
from catalog.models import Product
from checkout import delivery


class Command(BaseCommand):
    help = "Fill an empty shop with products; the same seed gives the same shop."

    def add_arguments(self, parser):
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--products", type=int, default=2000)
        parser.add_argument(
            "--if-empty", action="store_true", help="leave a filled shop alone"
        )

    def handle(self, *args, seed, products, if_empty, **options):
        if Product.objects.exists():
            if if_empty:
                return
            raise CommandError(
                "the shop has products already; remove the state folder to start anew"
            )
        delivery.save(delivery.build(seed))
        sample.write_images(settings.MEDIA_ROOT)
        # Last, and in one transaction: products mean that all the rest is there.
        sample.save(sample.build(seed, products))
        self.stdout.write(f"{products} products from seed {seed}")
