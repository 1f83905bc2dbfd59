package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RealtimeException.Detail;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.messaging.handler.annotation.MessageExceptionHandler;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.validation.annotation.Validated;
import org.springframework.validation.beanvalidation.LocalValidatorFactoryBean;
import org.springframework.validation.beanvalidation.MethodValidationPostProcessor;
import org.springframework.web.server.ResponseStatusException;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

@ExtendWith(OutputCaptureExtension.class)
class HandlerFailuresTests {

    private final LocalValidatorFactoryBean validator = new LocalValidatorFactoryBean();
    private HandlerFixture fixture;

    @BeforeEach
    void start() {
        this.validator.afterPropertiesSet();
        this.fixture = new HandlerFixture(FailingRoom.class, ValidatedService.class)
                .validator(this.validator)
                .start();
    }

    @AfterEach
    void close() {
        this.fixture.close();
        this.validator.destroy();
    }

    interface Strict {}

    record Author(@NotBlank String name) {}

    record Said(
            @NotBlank @Size(max = 10) String text,
            @Valid Author author,
            @Min(value = 1, groups = Strict.class) int count) {}

    static class Archived extends RuntimeException {
        Archived(String message) {
            super(message);
        }
    }

    static class Gone extends RuntimeException {}

    @RoomController(value = "r:{id}", open = true)
    static class FailingRoom {

        private final ValidatedService service;

        FailingRoom(ValidatedService service) {
            this.service = service;
        }

        @RoomEvent("valid")
        String valid(@Valid @Payload Said said) {
            return said.text();
        }

        @RoomEvent("strict")
        String strict(@Validated(Strict.class) Said said) {
            return said.text();
        }

        @RoomEvent("service")
        String service(Map<String, String> data) {
            return this.service.shout(data.get("text"));
        }

        @RoomEvent("status")
        void status(int status) {
            throw new ResponseStatusException(HttpStatus.valueOf(status), "because");
        }

        @RoomEvent("archived")
        void archived() {
            throw new Archived("project 42 is archived");
        }

        @RoomEvent("archived.stage")
        CompletionStage<String> archivedStage() {
            return CompletableFuture.failedFuture(new IllegalStateException(new Archived("as a cause")));
        }

        @RoomEvent("archived.mono")
        Mono<String> archivedMono() {
            return Mono.<String>error(new Archived("in a mono")).subscribeOn(Schedulers.parallel());
        }

        @RoomEvent("gone")
        void gone() {
            throw new Gone();
        }

        @RoomEvent("unknown")
        void unknown() {
            throw new UnsupportedOperationException("secret\r\nFAKE LOG LINE \u001b[31m\u2028");
        }

        @RoomEvent("error")
        void error() {
            throw new AssertionError("secret");
        }

        @RoomEvent("convert")
        int convert() {
            return this.service.convert();
        }

        @RoomEvent("taken")
        void taken() {
            throw RoomError.conflict("taken");
        }

        @MessageExceptionHandler
        RoomError archived(Archived ex, RealtimeConnection connection) {
            assertThat(Thread.currentThread().getName()).doesNotContain("parallel");
            return RoomError.conflict(ex.getMessage() + " for " + connection.user());
        }

        @MessageExceptionHandler(Gone.class)
        void gone(Gone ex) {
            throw RoomError.notFound("gone");
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Validated
    static class ValidatedService {

        @Bean
        static MethodValidationPostProcessor methodValidation() {
            return new MethodValidationPostProcessor();
        }

        String shout(@NotBlank String text) {
            return text.toUpperCase(java.util.Locale.ROOT);
        }

        int convert() {
            return org.springframework.core.convert.support.DefaultConversionService.getSharedInstance()
                    .convert("secret", Integer.class);
        }
    }

    private RealtimeException refused(String event, Object data) {
        return refusal(this.fixture.connect("alice").publish("r:1", event, data));
    }

    @Test
    void aValidPayloadIsTaken() {
        assertThat(await(this.fixture.connect("alice").publish("r:1", "valid", new Said("hi", new Author("a"), 0)))
                        .data())
                .isEqualTo("hi");
    }

    @Test
    void eachInvalidFieldIsADetail() {
        RealtimeException refused = refused("valid", new Said("", new Author(" "), 0));

        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_PAYLOAD);
        assertThat(refused.details())
                .containsExactlyInAnyOrder(
                        new Detail("text", "must not be blank"), new Detail("author.name", "must not be blank"));
        assertThat(refused.clientMessage()).doesNotContain("Said", "realtimespring");
    }

    @Test
    void groupsChooseWhatIsValidated() {
        RealtimeException refused = refused("strict", new Said("", new Author(""), 0));

        assertThat(refused.details()).extracting(Detail::field).containsExactly("count");
    }

    @Test
    void whatMethodValidationRefusesIsInvalidToo() {
        RealtimeException refused = refused("service", Map.of("text", ""));

        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_PAYLOAD);
        assertThat(refused.details()).containsExactly(new Detail("text", "must not be blank"));
    }

    @ParameterizedTest
    @CsvSource({
        "400, BAD_REQUEST",
        "401, UNAUTHORIZED",
        "403, FORBIDDEN",
        "404, NOT_FOUND",
        "409, CONFLICT",
        "413, TOO_LARGE",
        "418, BAD_REQUEST",
        "422, INVALID_PAYLOAD",
        "429, RATE_LIMITED",
        "503, UNAVAILABLE"
    })
    void aResponseStatusAnswersItsCode(int status, ErrorCode code) {
        RealtimeException refused = refused("status", status);

        assertThat(refused.code()).isEqualTo(code);
        assertThat(refused.clientMessage()).isEqualTo("because");
    }

    @Test
    void aServerErrorStatusIsInternalAndHidden() {
        RealtimeException refused = refused("status", 500);

        assertThat(refused.code()).isEqualTo(ErrorCode.INTERNAL);
        assertThat(refused.clientMessage()).doesNotContain("because");
    }

    @Test
    void anExceptionHandlerReturnsOrThrowsTheAnswer() {
        assertThat(refused("archived", null).clientMessage()).isEqualTo("project 42 is archived for alice");
        assertThat(refused("archived", null).code()).isEqualTo(ErrorCode.CONFLICT);
        assertThat(refused("gone", null).code()).isEqualTo(ErrorCode.NOT_FOUND);
    }

    @Test
    void anExceptionHandlerAnswersForStagesAndMonosAwayFromTheirThreads() {
        assertThat(refused("archived.stage", null).clientMessage()).isEqualTo("as a cause for alice");
        assertThat(refused("archived.mono", null).clientMessage()).isEqualTo("in a mono for alice");
    }

    @Test
    void anErrorOfTheApplicationGoesOutAsItIs() {
        assertThat(refused("taken", null).clientMessage()).isEqualTo("taken");
    }

    @Test
    void anUnknownFailureIsHiddenAndLoggedUnderTheIdThatTheClientGets(CapturedOutput output) {
        RealtimeException refused = refused("unknown", null);

        assertThat(refused.code()).isEqualTo(ErrorCode.INTERNAL);
        assertThat(refused.clientMessage()).startsWith("internal error ").doesNotContain("secret", "Exception");
        String id = refused.clientMessage().substring("internal error ".length());
        assertThat(output).contains(id).contains("FailingRoom.unknown").contains("secret");
    }

    @Test
    void aLoggedMessageCannotBreakItsLine(CapturedOutput output) {
        refused("unknown", null);

        assertThat(output.getAll().lines()).noneMatch(line -> line.startsWith("FAKE LOG LINE"));
        assertThat(output.getAll()).contains("FAKE LOG LINE").doesNotContain("\u001b[31m", "\u2028");
    }

    @Test
    void anErrorAndAFailedConversionInsideTheApplicationAreInternal() {
        for (String event : List.of("error", "convert")) {
            RealtimeException refused = refused(event, null);
            assertThat(refused.code()).isEqualTo(ErrorCode.INTERNAL);
            assertThat(refused.clientMessage()).doesNotContain("secret");
        }
    }
}
