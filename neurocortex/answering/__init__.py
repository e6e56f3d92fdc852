"""From retrieved passages to an answer with its sources.

`question` says what may be asked; `extractive` quotes the answering sentence, without any model;
`prompt` asks an LLM and reads which sources its answer cites. Pure rules: nothing here calls out.
"""
