"""From a trial's overrides to its composition and plan, without composing everything again."""
