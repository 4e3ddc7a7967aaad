"""rich's console for texts that strangers wrote: nothing in them reaches the terminal as a command."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from toishi.assistant.console import visible


class SafeConsole(Console):
    """Draws what it is given without control characters; colours come from styles, which rich writes itself."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))
