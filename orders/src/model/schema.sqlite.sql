create table orders (
    order_id    text primary key,
    customer_id text not null,
    product_id  text not null,
    quantity    integer not null,
    price       text not null, -- decimal text, exact
    status      text not null check (status in ('pending', 'processing', 'completed', 'cancelled', 'failed')),
    reason      text,
    created_us  integer not null, -- microseconds since the Unix epoch
    updated_us  integer not null
) strict;
create index orders_by_time on orders (created_us, order_id);
create index orders_by_customer on orders (customer_id, created_us, order_id);
create index orders_by_status on orders (status, created_us, order_id);

create table order_history (
    id       integer primary key, -- in the order of what happened
    order_id text not null references orders (order_id),
    status   text not null,
    at_us    integer not null,
    reason   text
) strict;
create index order_history_by_order on order_history (order_id, id);
