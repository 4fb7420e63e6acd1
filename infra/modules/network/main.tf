# A private network in two zones: pipelines and warehouse have no public address and reach AWS through one NAT gateway.

data "aws_availability_zones" "available" {
  state = "available"
}

data "aws_region" "current" {}

locals {
  zones = slice(data.aws_availability_zones.available.names, 0, 2)
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr_block
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr_block, 8, count.index)

  tags = { Name = "${var.name}-private-${count.index}" }
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.this.id
  availability_zone = local.zones[0]
  cidr_block        = cidrsubnet(var.cidr_block, 8, 100)

  tags = { Name = "${var.name}-public" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_eip" "nat" {
  domain = "vpc"
}

resource "aws_nat_gateway" "this" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.this.id
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  count = 2

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

# The lake's and the ledger's traffic, which is most of it, pays no NAT gateway.
resource "aws_vpc_endpoint" "gateway" {
  for_each = toset(["s3", "dynamodb"])

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.name}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
}

resource "aws_security_group" "pipelines" {
  name        = "${var.name}-pipelines"
  description = "Airflow and its workers"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "pipelines_among_themselves" {
  security_group_id            = aws_security_group.pipelines.id
  referenced_security_group_id = aws_security_group.pipelines.id
  ip_protocol                  = "-1"
  description                  = "MWAA's parts talk to each other"
}

resource "aws_vpc_security_group_egress_rule" "pipelines_among_themselves" {
  security_group_id            = aws_security_group.pipelines.id
  referenced_security_group_id = aws_security_group.pipelines.id
  ip_protocol                  = "-1"
  description                  = "MWAA's parts talk to each other"
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.pipelines.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "AWS's endpoints"
}

resource "aws_vpc_security_group_egress_rule" "databases" {
  for_each = setunion([var.cidr_block], var.source_cidr_blocks)

  security_group_id = aws_security_group.pipelines.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
  description       = "PostgreSQL: the warehouse and the sources"
}

resource "aws_security_group" "serving" {
  name        = "${var.name}-serving"
  description = "The Lambda that asks the warehouse"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "serving_https" {
  security_group_id = aws_security_group.serving.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "AWS's endpoints"
}

resource "aws_vpc_security_group_egress_rule" "serving_warehouse" {
  security_group_id = aws_security_group.serving.id
  cidr_ipv4         = var.cidr_block
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
  description       = "The warehouse"
}
