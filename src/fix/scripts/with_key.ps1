$Common += {
    $Crypto = Join-Path -Path $env:ProgramData -ChildPath 'Microsoft\Crypto'
    $global:MachineKeys = Join-Path -Path $Crypto -ChildPath 'RSA\MachineKeys'
    $global:KeyFolders = $MachineKeys, (Join-Path -Path $Crypto -ChildPath 'Keys')

    # The rights that entries for these accounts allow and deny, as a mask; entries that are only passed on below do not count.
    function global:Measure-Right {
        param([string] $Path, [string[]] $Sids)
        $Allowed = 0
        $DeniedMask = 0
        $Denied = @()
        $Rules = (Get-Acl -LiteralPath $Path -ErrorAction Stop).GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
        foreach ($Rule in $Rules) {
            if (($Sids -notcontains $Rule.IdentityReference.Value) -or ([int]$Rule.PropagationFlags -band 2)) { continue }
            $Mask = [int]$Rule.FileSystemRights
            # GENERIC_ALL, GENERIC_WRITE and GENERIC_READ are stored as they were given.
            if ($Mask -band 0x10000000) { $Mask = $Mask -bor 0x1F01FF }
            if ($Mask -band 0x40000000) { $Mask = $Mask -bor 0x120116 }
            if ($Mask -band [int]::MinValue) { $Mask = $Mask -bor 0x120089 }
            if ($Rule.AccessControlType -eq 'Deny') {
                $DeniedMask = $DeniedMask -bor $Mask
                $Denied += "$($Rule.IdentityReference.Value) is denied $($Rule.FileSystemRights) on $Path"
            }
            else { $Allowed = $Allowed -bor $Mask }
        }
        [pscustomobject]@{ Allowed = $Allowed; DeniedMask = $DeniedMask; Denied = $Denied }
    }

    # What keeps NETWORK SERVICE, under which Remote Desktop runs, from reading a file; nothing when it can. The accounts: itself,
    # the service TermService, and the groups that it belongs to: Everyone, Authenticated Users, Users and SERVICE.
    function global:Find-ReadFault {
        param([string] $Path)
        $Sids = 'S-1-5-20', 'S-1-5-80-446051430-1559341753-4161941529-1950928533-810483104', 'S-1-1-0', 'S-1-5-11', 'S-1-5-32-545', 'S-1-5-6'
        try { $Right = Measure-Right -Path $Path -Sids $Sids }
        catch { return "the rights of $Path cannot be read: $($_.Exception.Message)" }
        if ($Right.DeniedMask -band 1) { return $Right.Denied -join ', ' }
        if (-not ($Right.Allowed -band 1)) { return "NETWORK SERVICE may not read $Path" }
    }

    # The file of a certificate's private key, kept by an old provider or a new one; nothing when it is in no file.
    function global:Find-KeyFile {
        param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
        $Name = ''
        try {
            $Key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($Certificate)
            if (-not $Key) { $Key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($Certificate) }
            if ($Key.PSObject.Properties.Name -contains 'CspKeyContainerInfo') { $Name = $Key.CspKeyContainerInfo.UniqueKeyContainerName }
            else { $Name = $Key.Key.UniqueName }
        }
        catch {
            # Before .NET 4.6 there are no such extensions.
            try { $Name = $Certificate.PrivateKey.CspKeyContainerInfo.UniqueKeyContainerName } catch { return }
        }
        if (-not $Name) { return }
        foreach ($Folder in $KeyFolders) {
            $Path = Join-Path -Path $Folder -ChildPath $Name
            if (Test-Path -LiteralPath $Path) { return $Path }
        }
    }

    # Why a certificate is of no use to Remote Desktop, as far as its key goes; nothing when the key can be read.
    function global:Find-KeyFault {
        param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
        if (-not $Certificate.HasPrivateKey) { return "$($Certificate.Thumbprint) has no private key" }
        $Path = Find-KeyFile -Certificate $Certificate
        if (-not $Path) { return "the file of the private key of $($Certificate.Thumbprint) cannot be found, so its rights cannot be checked" }
        Find-ReadFault -Path $Path
    }

    # Why the listener has no certificate that it can use; nothing when it has one.
    function global:Find-ListenerFault {
        $Listener = Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
        if ($Listener.PSObject.Properties.Name -contains 'SSLCertificateSHA1Hash') {
            $Pinned = ([System.BitConverter]::ToString([byte[]]$Listener.SSLCertificateSHA1Hash)) -replace '-', ''
            foreach ($Store in 'My', 'Remote Desktop') {
                $Certificate = Get-ChildItem -Path "Cert:\LocalMachine\$Store" -ErrorAction SilentlyContinue | Where-Object { $_.Thumbprint -eq $Pinned }
                if ($Certificate) { return Find-KeyFault -Certificate $Certificate }
            }
            return "the certificate bound, $Pinned, is not there"
        }
        $Own = Get-ChildItem -Path 'Cert:\LocalMachine\Remote Desktop' -ErrorAction SilentlyContinue | Sort-Object -Property NotAfter -Descending | Select-Object -First 1
        if (-not $Own) { return 'there is no certificate' }
        Find-KeyFault -Certificate $Own
    }

    # What the folder of keys lacks: Administrators full control, Everyone read and write, on the folder itself.
    function global:Find-FolderFault {
        foreach ($Need in @(@('S-1-5-32-544', 0x1F01FF), @('S-1-1-0', 0x2019F))) {
            try { $Right = Measure-Right -Path $MachineKeys -Sids $Need[0] }
            catch { "the rights of the folder cannot be read: $($_.Exception.Message)"; continue }
            if (($Right.Allowed -band $Need[1]) -ne $Need[1]) { "$($Need[0]) on the folder" }
        }
    }
}
