"""Makes Hydra read configuration files within the limits of `limits.yaml_files`."""

from __future__ import annotations

from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource as HydraSource
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource

from runner.config.limits.yaml_files import TARGETED, load_config, read_text


class FileConfigSource(HydraSource):
    """Loads files within limits. Hydra identifies a source by its name and keeps the first of each."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Load a file.

        Raises
        ------
        UserError
            If it exceeds a limit.
        """
        name = self._normalize_file_name(config_path)
        path = Path(self.path, name).resolve()
        if not path.exists():
            raise ConfigLoadError(f"Config not found : {path}")
        text = read_text(path)
        return ConfigResult(
            config=load_config(text, str(path), targets=name.partition("/")[0] in TARGETED),
            path=f"{self.scheme()}://{self.path}",
            provider=self.provider,
            header=ConfigSource._get_header_dict(text[:512]),
        )


def register_source() -> None:
    """Let Hydra read files by this source."""
    from hydra._internal.sources_registry import SourcesRegistry

    SourcesRegistry.instance().types["file"] = FileConfigSource
