"""The words the assortment is made of."""

# Top category: {category: (nouns, lowest price, highest price)}.
CATEGORIES = {
    "Apparel": {
        "T-Shirts": (["T-Shirt", "Long Sleeve", "Tank Top"], 12, 45),
        "Hoodies": (["Hoodie", "Sweatshirt", "Zip Jacket"], 35, 110),
        "Shirts": (["Shirt", "Blouse", "Overshirt"], 29, 120),
        "Knitwear": (["Sweater", "Cardigan", "Vest"], 45, 180),
    },
    "Shoes": {
        "Sneakers": (["Sneaker", "Runner", "Trainer"], 49, 190),
        "Boots": (["Boot", "Hiker", "Chelsea"], 79, 260),
        "Sandals": (["Sandal", "Slide", "Clog"], 19, 90),
    },
    "Accessories": {
        "Bags": (["Backpack", "Tote", "Messenger Bag"], 25, 210),
        "Hats": (["Beanie", "Cap", "Bucket Hat"], 9, 55),
        "Watches": (["Watch", "Chronograph", "Field Watch"], 59, 420),
    },
    "Home": {
        "Mugs": (["Mug", "Espresso Cup", "Tumbler"], 7, 35),
        "Blankets": (["Blanket", "Throw", "Quilt"], 29, 160),
        "Lamps": (["Desk Lamp", "Lantern", "Floor Lamp"], 24, 240),
        "Cushions": (["Cushion", "Bolster", "Floor Pillow"], 14, 70),
    },
    "Groceries": {
        "Coffee": (["Espresso", "Filter Roast", "House Blend"], 6, 28),
        "Tea": (["Green Tea", "Black Tea", "Herbal Infusion"], 4, 22),
        "Chocolate": (["Dark Chocolate", "Nougat", "Truffles"], 3, 30),
    },
    "Books": {
        "Fiction": (["Novel", "Short Stories", "Mystery"], 8, 32),
        "Cooking": (["Cookbook", "Baking Guide", "Kitchen Atlas"], 12, 48),
        "Travel": (["Travel Guide", "City Walks", "Trail Book"], 10, 40),
    },
}

ADJECTIVES = [
    "Nordic", "Coastal", "Urban", "Classic", "Quiet", "Bright", "Rustic", "Modern",
    "Vintage", "Alpine", "Summer", "Winter", "Slow", "Bold", "Soft", "Everyday",
    "Heritage", "Minimal", "Wild", "Northern", "Golden", "Plain", "Honest", "Fine",
]

# Attributes of a product, and those its variants differ in.
PRODUCT_ATTRIBUTES = {
    "Brand": ["Fjordline", "Atelier Nine", "Oakwell", "Marrow & Co", "Pinehurst", "Solvang"],
    "Material": ["Cotton", "Wool", "Leather", "Linen", "Recycled", "Bamboo", "Hemp"],
    "Origin": ["Portugal", "Italy", "Poland", "Sweden", "Vietnam", "Kenya"],
    "Collection": ["Spring", "Summer", "Autumn", "Winter", "Evergreen"],
}
VARIANT_ATTRIBUTES = {
    "Size": ["XS", "S", "M", "L", "XL"],
    "Colour": ["Black", "White", "Navy", "Olive", "Brick", "Sand"],
}

SENTENCES = [
    "Made in small batches by people who know the trade.",
    "It gets better with every year of use.",
    "The details are plain, so that nothing is in the way.",
    "Packed without plastic and shipped within two days.",
    "We have sold it since our first winter, with one change to the seams.",
    "A favourite of everybody who works in our store.",
    "Light enough to forget, sturdy enough to keep.",
    "The colour is true to the picture, as far as a screen allows.",
    "Comes with a spare part and a note on how to repair it.",
    "Its maker has three workshops and no warehouse.",
    "Wash it rarely, air it often.",
    "A present that needs no explanation.",
]

SHADES = ["#264653", "#2a9d8f", "#e9c46a", "#f4a261", "#e76f51", "#6d597a", "#355070", "#8ab17d"]
