create table orders (
    order_id    text collate "C" primary key, -- pages go by bytes, as on SQLite
    customer_id text not null,
    product_id  text not null,
    quantity    bigint not null,
    price       text not null, -- decimal text, exact
    status      text not null check (status in ('pending', 'processing', 'completed', 'cancelled', 'failed')),
    reason      text,
    created_us  bigint not null, -- microseconds since the Unix epoch
    updated_us  bigint not null
);
create index orders_by_time on orders (created_us, order_id);
create index orders_by_customer on orders (customer_id, created_us, order_id);
create index orders_by_status on orders (status, created_us, order_id);

create table order_history (
    id       bigint generated always as identity primary key, -- in the order of what happened to an order
    order_id text collate "C" not null references orders (order_id),
    status   text not null,
    at_us    bigint not null,
    reason   text
);
create index order_history_by_order on order_history (order_id, id);
