"""The one shared look of every report page: self-contained HTML, light and dark, no scripts."""
