package io.github.realtimespring.protocol;

import org.jspecify.annotations.Nullable;

/**
 * The cookie that tells a load balancer which node a client was on (SPEC §12): its value is the node's id. Nothing here
 * depends on it; a client that comes with the name of another node gets this one's.
 *
 * @param name of the cookie
 * @param node the id of this node
 * @param path below which clients send it, without the application's context path
 * @since 0.1.0
 */
public record NodeCookie(String name, String node, String path) {

    /**
     * The {@code Set-Cookie} header of an answer.
     *
     * @param sent the value that the request brought
     * @param contextPath of the application, empty for none
     * @param secure whether the request came over TLS
     * @return {@code null} if the client has it already
     */
    public @Nullable String header(@Nullable String sent, String contextPath, boolean secure) {
        return this.node.equals(sent)
                ? null
                : this.name + "=" + this.node + "; Path=" + contextPath + this.path + "; HttpOnly; SameSite=Lax"
                        + (secure ? "; Secure" : "");
    }
}
