"""The site of the documents: Sphinx over the same Markdown that is read in the repository.

The source folder is the project's own, so that each link which works there works here; `make docs`
builds it into `build/site` and takes each warning, a broken link among them, as an error.
"""

project = "Tapewire"
author = "the authors of Tapewire"
html_title = "Tapewire"
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
templates_path = ["templates"]
html_additional_pages = {"index": "to_the_first_page.html"}

root_doc = "docs/site/index"
include_patterns = ["README.md", "CHANGELOG.md", "docs/**"]
exclude_patterns = [".*", "build", "run", "bench", "src", "tests", "**/node_modules"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4  # as far down as the documents link
myst_enable_extensions = ["attrs_inline"]
suppress_warnings = [
    "misc.highlighting_failure",  # excerpts of files with "..." in them
    "toc.not_included",  # the decisions: their own page lists them
]
default_role = "code"  # of the docstrings
maximum_signature_line_length = 88

autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "exclude-members": "__init__, __new__",  # others make them, not their users
}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "separated"
python_use_unqualified_type_names = True
nitpicky = False  # types of the standard library have no page here
