output "name" {
  description = "The bucket's name; who uses it waits until the bucket is closed, encrypted and versioned."
  value       = aws_s3_bucket.this.bucket

  depends_on = [
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "arn" {
  value = aws_s3_bucket.this.arn
}
