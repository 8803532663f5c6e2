create table orders (
    price double precision not null
);
