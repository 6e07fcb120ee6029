"""What may happen to a piece of voice, and what may not."""

import pytest

from cti.journey.around.voice import VOICE_TRANSITIONS, StepRefused, VoiceState, VoiceStep, after


@pytest.mark.parametrize("state", VoiceState)
@pytest.mark.parametrize("step", VoiceStep)
def test_a_step_without_a_row_is_refused_and_says_which(state: VoiceState, step: VoiceStep) -> None:
    if (state, step) in VOICE_TRANSITIONS:
        assert after(state, step) is VOICE_TRANSITIONS[state, step]
        return
    with pytest.raises(StepRefused, match=f"{state} cannot take the step {step}"):
        after(state, step)
