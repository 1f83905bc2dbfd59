package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextAssemblyTests {

    private final List<String> received = new ArrayList<>();
    private int refusals;
    private final TextAssembly assembly = new TextAssembly(8, this.received::add, () -> this.refusals++);

    @Test
    void partsBecomeOneMessageAndTheNextOneStartsAnew() {
        this.assembly.onMessage("ab", false);
        this.assembly.onMessage("", false);
        this.assembly.onMessage("cd", true);
        this.assembly.onMessage("e", true);
        this.assembly.onMessage("", true);
        assertThat(this.received).containsExactly("abcd", "e", "");
        assertThat(this.refusals).isZero();
    }

    @Test
    void theLimitCountsBytesOfUtf8() {
        this.assembly.onMessage("éé€x", true);
        assertThat(this.received).containsExactly("éé€x");
        this.assembly.onMessage("éé€xy", true);
        assertThat(this.received).hasSize(1);
        assertThat(this.refusals).isOne();
    }

    @Test
    void aPairOfSurrogatesCountsFourBytesAlsoWhenCutInTwo() {
        this.assembly.onMessage("\ud83d", false);
        this.assembly.onMessage("\ude00\ud83d\ude00", true);
        assertThat(this.received).containsExactly("😀😀");
        this.assembly.onMessage("😀😀x", true);
        assertThat(this.refusals).isOne();
    }

    @Test
    void nothingIsReceivedAfterAMessageThatWasTooBig() {
        this.assembly.onMessage("12345678", false);
        this.assembly.onMessage("9", false);
        this.assembly.onMessage("0", true);
        this.assembly.onMessage("ab", true);
        assertThat(this.received).isEmpty();
        assertThat(this.refusals).isOne();
    }
}
