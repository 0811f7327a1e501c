# shellcheck shell=bash disable=SC2154 # the script that reads this has set: here, data, nodes, port
# What scripts/kafka start --secure adds: listeners that ask who is there, certificates, users, and what they may do.
#
#   SECURE    SASL_SSL, the address that is printed
#   SASL      SASL_PLAINTEXT: the same users without TLS, for clients that were built without it
#   MUTUAL    TLS, and no login but a client's certificate: orders.crt with orders.key is the user `orders`
#   INTERNAL  for the brokers among themselves and for this script: who comes here may do everything; 127.0.0.1 only
#
# Users of PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512: their password is their name and -secret. OAUTHBEARER takes unsigned tokens of
# any name. `admin` may do everything, `orders` may use all topics and groups, the others may log in and do nothing, until
# they are given rights.

users=(admin orders nobody topics producer consumer replay)

# secure_listeners NODE
secure_listeners() {
    local at=127.0.0.1 own=$((port + $1 - 1)) clients user login=org.apache.kafka.common.security plain=''
    clients=SECURE://$at:$own,SASL://$at:$((own + 3 * nodes)),MUTUAL://$at:$((own + 4 * nodes))
    clients+=,INTERNAL://$at:$((own + 2 * nodes))
    for user in "${users[@]}"; do plain+=" user_$user=\"$user-secret\""; done
    cat <<PROPERTIES
listeners=$clients,CONTROLLER://$at:$((own + nodes))
advertised.listeners=$clients
listener.security.protocol.map=SECURE:SASL_SSL,SASL:SASL_PLAINTEXT,MUTUAL:SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin
ssl.keystore.type=PEM
ssl.keystore.location=$data/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=$data/ca.pem
listener.name.mutual.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*)$/\$1/
PROPERTIES
    for listener in secure sasl; do
        cat <<PROPERTIES
listener.name.$listener.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.$listener.plain.sasl.jaas.config=$login.plain.PlainLoginModule required$plain;
listener.name.$listener.scram-sha-256.sasl.jaas.config=$login.scram.ScramLoginModule required;
listener.name.$listener.scram-sha-512.sasl.jaas.config=$login.scram.ScramLoginModule required;
listener.name.$listener.oauthbearer.sasl.jaas.config=$login.oauthbearer.OAuthBearerLoginModule required;
PROPERTIES
    done
}

# The users of SCRAM are part of the data: arguments for the formatting.
scram_users() {
    local user bits
    for user in "${users[@]}"; do
        for bits in 256 512; do printf '%s\n' --add-scram "SCRAM-SHA-$bits=[name=$user,password=$user-secret]"; done
    done
}

# signed AUTHORITY NAME SUBJECT EXTENSIONS: NAME.crt, and its key.
signed() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$3" -keyout "$2.key" -out "$2.csr"
    printf '%s\n' "$4" >"$2.ext"
    openssl x509 -req -in "$2.csr" -CA "$1.pem" -CAkey "$1.key" -CAcreateserial -days 30 -extfile "$2.ext" -out "$2.crt"
}

# ca.pem signs server.pem and orders.crt; other-ca.pem signs stranger.crt alone: a client that trusts it alone must refuse this
# broker, and this broker must refuse a client that comes with what it has signed.
certificates() {
    need OpenSSL openssl openssl version
    local name log=$data/certificates.log
    (
        cd "$data"
        for name in ca other-ca; do
            openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=tidegate $name" \
                -keyout "$name.key" -out "$name.pem"
        done
        signed ca server 127.0.0.1 subjectAltName=IP:127.0.0.1,DNS:localhost
        signed ca orders orders extendedKeyUsage=clientAuth
        signed other-ca stranger orders extendedKeyUsage=clientAuth
        cat server.key server.crt ca.pem >server.pem
    ) >"$log" 2>&1 || { cat "$log" >&2; fail "no certificates could be made: openssl said why above"; }
}

# grant ADDRESS: what `orders` may do, once; it is part of the data from then on.
grant() {
    if [ -e "$data/granted" ]; then return; fi
    java_run org.apache.kafka.tools.AclCommand --bootstrap-server "$1" --add --allow-principal User:orders \
        --operation All --topic '*' --group '*' --transactional-id '*' --cluster >"$data/granted.log" 2>&1 9>&- ||
        { cat "$data/granted.log" >&2; fail "no rights could be granted: Kafka said why above"; }
    touch "$data/granted"
}

# What a client needs, for people.
explain_secure() {
    say "SASL_SSL    $1: trust $data/ca.pem, not $data/other-ca.pem"
    say "SASL only   $2"
    say "certificate $3: orders.crt and orders.key in $data"
    say "users       ${users[*]}; the password is the name and -secret; PLAIN, SCRAM-SHA-256 and -512, OAUTHBEARER unsigned"
    say "rights      admin: everything; orders: all topics and groups; the others: none"
}
