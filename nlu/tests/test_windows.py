"""Long texts in parts."""

from __future__ import annotations

import unittest

from components.windows import LONG, MOST, length, windows


class WindowsTest(unittest.TestCase):
    def test_a_short_text_is_judged_as_a_whole(self) -> None:
        assert windows("me tienen encerrada. ayuda") == []
        assert windows("") == []

    def test_every_sentence_of_a_story_is_looked_at_alone_and_with_the_next(self) -> None:
        story = ["vine por un trabajo en un hotel", "al principio todo iba bien", "comia con los demas"]
        text = ". ".join([*story, "ahora estan golpeando a mi amiga en el cuarto", "gracias por leer esto"])
        found = windows(text)
        assert "ahora estan golpeando a mi amiga en el cuarto" in found
        assert "comia con los demas. ahora estan golpeando a mi amiga en el cuarto" in found

    def test_dictated_and_chinese_texts_have_no_stops_and_are_cut_all_the_same(self) -> None:
        words = [f"palabra{number}" for number in range(100)]
        assert set(" ".join(windows(" ".join(words))).split()) == set(words)
        characters = "".join(chr(0x4E00 + number) for number in range(200))
        assert set("".join(windows(characters))) == set(characters)

    def test_there_are_never_many_and_the_ends_are_among_them(self) -> None:
        text = ". ".join(f"esta es la frase numero {number} de un texto" for number in range(500))
        found = windows(text)
        assert len(found) == MOST
        assert "numero 0 " in found[0]
        assert "numero 499 " in found[-1]
        assert all(length(part) <= 2 * LONG for part in found)


if __name__ == "__main__":
    unittest.main()
