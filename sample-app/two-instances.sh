#!/usr/bin/env bash
# Two instances of the sample behind nginx, one chat, no sticky sessions: each request may reach either of them.
# Needs nginx, a backplane and the jar (./mvnw -pl sample-app -am -DskipTests package).
#   sample-app/two-instances.sh redis --spring.data.redis.host=localhost --spring.data.redis.port=6379
#   sample-app/two-instances.sh kafka --spring.kafka.bootstrap-servers=localhost:9092
# Listens at PORT, 8080 if that is not set; the instances have the two ports behind it. Ctrl-C ends all of it.
set -euo pipefail
cd "$(dirname "$0")"

profile=${1:?"the profile: redis or kafka"}
shift
port=${PORT:-8080}
jar=$(ls target/sample-app-*.jar 2>/dev/null | head -n 1)
if [ -z "$jar" ]; then echo "there is no jar in sample-app/target; build it first" >&2; exit 1; fi
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || { echo "nginx is missing" >&2; exit 1; }
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

run=$(mktemp -d)
pids=()
finish() {
    trap - EXIT INT TERM
    # Instances first: their clients are told to come back, and find the other one or nobody.
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait || true
    rm -rf "$run"
}
trap finish EXIT
trap 'exit 0' INT TERM

cat >"$run/nginx.conf" <<CONF
daemon off;
pid $run/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $run/body;
    proxy_temp_path $run/proxy;
    fastcgi_temp_path $run/fastcgi;
    uwsgi_temp_path $run/uwsgi;
    scgi_temp_path $run/scgi;
    upstream sample {
        server 127.0.0.1:$((port + 1));
        server 127.0.0.1:$((port + 2));
    }
    map \$http_upgrade \$connection_upgrade { default upgrade; '' ''; }
    server {
        listen 127.0.0.1:$port;
        location / {
            proxy_pass http://sample;
            proxy_http_version 1.1;
            proxy_set_header Host \$http_host;
            proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Connection \$connection_upgrade;
            # Event streams: nothing is kept back, and heartbeats come before this is over.
            proxy_buffering off;
            proxy_read_timeout 75s;
            # An instance that is down is left out; a request that it may have begun is not sent twice.
            proxy_next_upstream error timeout;
        }
    }
}
CONF

for number in 1 2; do
    "$java" ${SAMPLE_JVM_OPTIONS:-} -jar "$jar" "--spring.profiles.active=$profile" "--server.port=$((port + number))" \
        --server.forward-headers-strategy=native "$@" &
    pids+=($!)
done
"$nginx" -e stderr -c "$run/nginx.conf" -p "$run" &
pids+=($!)
echo "http://localhost:$port"
# The first that ends takes the others with it.
wait -n
