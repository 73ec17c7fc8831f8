$Check = {
    param($Settings)
    $Windows = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $Revision = if ($Windows.PSObject.Properties.Name -contains 'UBR') { $Windows.UBR } else { 'unknown' }
    $Newest = Get-HotFix -ErrorAction SilentlyContinue | Where-Object { $_.InstalledOn } | Sort-Object -Property InstalledOn -Descending | Select-Object -First 1
    # The updates of this day brought the fix for CVE-2018-0886.
    $Fixed = [datetime]'2018-05-08'
    $Behind = $Newest -and ($Newest.InstalledOn -lt $Fixed)
    $Leftover = Read-RegistryValue -Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters' -Name AllowEncryptionOracle
    $Open = $Leftover.Exists -and ($Leftover.Value -eq 2)
    $Text = @()
    if ($Behind) { $Text += "its newest update, $($Newest.HotFixID), is older than the fix: install the current one" }
    if (-not $Newest) { $Text += 'it lists no updates: see how far it is patched' }
    if ($Open) { $Text += 'AllowEncryptionOracle is 2: as a client it accepts vulnerable servers; remove it' }
    [pscustomobject]@{
        Build  = "$($Windows.CurrentBuild).$Revision"
        Newest = if ($Newest) { "$($Newest.HotFixID) of $($Newest.InstalledOn.ToString('yyyy-MM-dd'))" } else { '' }
        Needed = $Text.Count -gt 0
        Reason = if ($Text.Count -gt 0) { $Text -join '; ' } else { 'it has updates later than the fix: look at the client' }
    }
}
