"""Facts about what belongs where: languages and their families, elements and their groups, countries."""

from __future__ import annotations

LANGUAGE_FAMILIES: dict[str, tuple[str, ...]] = {
    "Romance": (
        "French", "Spanish", "Italian", "Portuguese", "Romanian", "Catalan", "Galician", "Occitan",
        "Sardinian", "Friulian", "Romansh",
    ),
    "Germanic": (
        "German", "Dutch", "Swedish", "Norwegian", "Danish", "Icelandic", "English", "Afrikaans", "Frisian",
        "Faroese", "Yiddish",
    ),
    "Slavic": (
        "Russian", "Polish", "Czech", "Slovak", "Ukrainian", "Bulgarian", "Serbian", "Croatian",
        "Slovenian", "Macedonian", "Sorbian", "Kashubian",
    ),
    "Celtic": ("Welsh", "Breton", "Cornish", "Manx", "Irish", "Scottish Gaelic"),
    "Uralic": (
        "Finnish", "Estonian", "Hungarian", "Northern Sami", "Karelian", "Livonian", "Udmurt", "Komi",
        "Mari", "Veps",
    ),
    "Turkic": (
        "Turkish", "Azerbaijani", "Uzbek", "Kazakh", "Kyrgyz", "Turkmen", "Uyghur", "Tatar", "Bashkir",
        "Chuvash", "Gagauz",
    ),
    "Semitic": (
        "Arabic", "Hebrew", "Amharic", "Maltese", "Aramaic", "Tigrinya", "Akkadian", "Phoenician", "Ugaritic",
    ),
    "Bantu": (
        "Swahili", "Zulu", "Xhosa", "Shona", "Kinyarwanda", "Luganda", "Kikuyu", "Lingala", "Tswana",
        "Kirundi", "Bemba",
    ),
    "Dravidian": ("Tamil", "Telugu", "Kannada", "Malayalam", "Tulu", "Gondi", "Brahui", "Toda"),
    "Indo-Aryan": (
        "Hindi", "Bengali", "Marathi", "Gujarati", "Punjabi", "Nepali", "Sinhala", "Urdu", "Odia",
        "Assamese", "Konkani",
    ),
    "Austronesian": (
        "Malay", "Tagalog", "Javanese", "Hawaiian", "Maori", "Malagasy", "Samoan", "Tongan", "Fijian",
        "Tahitian", "Sundanese", "Balinese",
    ),
}  # fmt: skip
"""Languages of eleven families or branches, none of which is a part of another."""

ELEMENT_GROUPS: dict[str, tuple[str, ...]] = {
    "noble gas": ("helium", "neon", "argon", "krypton", "xenon", "radon"),
    "halogen": ("fluorine", "chlorine", "bromine", "iodine"),
    "alkali metal": ("lithium", "sodium", "potassium", "rubidium", "cesium", "francium"),
    "alkaline earth metal": ("beryllium", "magnesium", "calcium", "strontium", "barium", "radium"),
    "transition metal": (
        "titanium", "vanadium", "chromium", "manganese", "iron", "cobalt", "nickel", "molybdenum",
        "ruthenium", "rhodium", "palladium", "silver", "tantalum", "tungsten", "rhenium", "osmium",
        "iridium", "platinum", "gold",
    ),
    "lanthanide": (
        "cerium", "praseodymium", "neodymium", "promethium", "samarium", "europium", "gadolinium", "terbium",
        "dysprosium", "holmium", "erbium", "thulium", "ytterbium",
    ),
    "actinide": ("thorium", "protactinium", "uranium", "neptunium", "plutonium", "americium", "curium"),
}  # fmt: skip
"""Elements of seven groups that share none; left out: elements of disputed group (zinc)."""

CONTINENTS: dict[str, tuple[str, ...]] = {
    "Africa": (
        "Angola", "Benin", "Botswana", "Burkina Faso", "Burundi", "Cameroon", "Chad", "Eritrea", "Gabon",
        "Ghana", "Guinea", "Lesotho", "Liberia", "Malawi", "Mali", "Mauritania", "Mozambique", "Namibia",
        "Niger", "Rwanda", "Senegal", "Sierra Leone", "Togo", "Uganda", "Zambia",
    ),
    "Asia": (
        "Bahrain", "Bangladesh", "Bhutan", "Brunei", "Cambodia", "Kyrgyzstan", "Laos", "Malaysia",
        "Mongolia", "Myanmar", "Nepal", "Oman", "Qatar", "Sri Lanka", "Tajikistan", "Thailand",
        "Turkmenistan", "Uzbekistan", "Vietnam", "Jordan",
    ),
    "Europe": (
        "Albania", "Andorra", "Austria", "Belarus", "Belgium", "Bulgaria", "Croatia", "Estonia", "Latvia",
        "Liechtenstein", "Lithuania", "Luxembourg", "Moldova", "Montenegro", "Norway", "San Marino",
        "Serbia", "Slovakia", "Slovenia", "Switzerland",
    ),
    "South America": (
        "Argentina", "Bolivia", "Brazil", "Chile", "Colombia", "Ecuador", "Guyana", "Paraguay", "Peru",
        "Suriname", "Uruguay", "Venezuela",
    ),
    "North America": (
        "Antigua and Barbuda", "Barbados", "Belize", "Canada", "Costa Rica", "Cuba", "Dominica",
        "El Salvador", "Grenada", "Guatemala", "Haiti", "Honduras", "Jamaica", "Mexico", "Nicaragua",
        "Saint Lucia",
    ),
    "Oceania": (
        "Australia", "Fiji", "Kiribati", "Nauru", "New Zealand", "Palau", "Papua New Guinea", "Samoa",
        "Tonga", "Tuvalu", "Vanuatu",
    ),
}  # fmt: skip
"""Countries whose continent is not in doubt; Central America and the Caribbean count as North America."""
