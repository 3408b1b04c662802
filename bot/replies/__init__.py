"""What the bot answers with, as values: one embed in one colour, and rows of buttons or selects."""
