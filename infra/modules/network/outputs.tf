output "vpc_id" {
  value = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Two subnets in two zones, with a way out through NAT once they are known."
  value       = aws_route_table_association.private[*].subnet_id
}

output "pipelines_security_group_id" {
  value = aws_security_group.pipelines.id
}

output "serving_security_group_id" {
  value = aws_security_group.serving.id
}
