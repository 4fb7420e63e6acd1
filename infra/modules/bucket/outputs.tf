output "name" {
  description = "The bucket's name, known once the bucket is closed to the public."
  value       = aws_s3_bucket_public_access_block.this.bucket
}

output "arn" {
  value = aws_s3_bucket.this.arn
}
