"""pdf: the text layer, page by page, its printed lines joined to paragraphs again."""

import logging
from collections.abc import Iterator
from typing import Final

from pypdf import Configuration, PdfReader
from pypdf.errors import FileNotDecryptedError

from neurocortex.documents.building import PARAGRAPH, TextBuilder
from neurocortex.documents.paragraphs import Page, paragraphs
from neurocortex.documents.source import SourceFile
from neurocortex.domain.documents import Document
from neurocortex.errors import EmptyFileError, EncryptedFileError, NoTextError, UnreadableFileError
